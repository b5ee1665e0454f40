//! Rules that choose the retention of log groups that belong to no API stage.

use glob::Pattern;
use lambda_core::rules::Fields;
use lambda_core::variables::Variables;

use crate::name_glob;
use crate::retention::DesiredRetention;

/// Rules in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogGroupRules(Vec<LogGroupRule>);

#[derive(Clone, Debug)]
struct LogGroupRule {
    group: Pattern,
    retention: DesiredRetention,
}

impl LogGroupRules {
    /// Reads `LOG_GROUP_RULES`.
    pub(crate) fn read(variables: &Variables) -> Option<Self> {
        let read = lambda_core::rules::read(
            variables,
            "LOG_GROUP_RULES",
            &["group", "days"],
            LogGroupRule::read,
        );
        let rules = read?.unwrap_or_default();
        let mut is_reachable = true;
        for (index, rule) in rules.iter().enumerate() {
            let first = rules[..index]
                .iter()
                .position(|first| name_glob::covers(&first.group, &rule.group));
            if let Some(first) = first {
                variables.fault(format!(
                    "LOG_GROUP_RULES[{index}].group: can never match, because LOG_GROUP_RULES[{first}] matches all of these names first"
                ));
                is_reachable = false;
            }
        }
        is_reachable.then_some(Self(rules))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the choice of the first rule that matches the log group's name.
    pub(crate) fn for_group(&self, name: &str) -> DesiredRetention {
        let rule = self.0.iter().find(|rule| rule.group.matches(name));
        rule.map_or(DesiredRetention::Unmanaged, |rule| rule.retention)
    }

    /// Returns true if a rule protects the log group from any retention.
    pub(crate) fn protects(&self, name: &str) -> bool {
        let rule = self.0.iter().find(|rule| rule.group.matches(name));
        rule.is_some_and(|rule| !matches!(rule.retention, DesiredRetention::Days(_)))
    }
}

impl LogGroupRule {
    fn read(fields: &Fields) -> Option<Self> {
        let group = fields.required("group", name_glob::parse_for_log_groups);
        let retention = DesiredRetention::read(fields);
        Some(Self {
            group: group?,
            retention: retention?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Retention;

    fn parse(rules: &str) -> Result<LogGroupRules, String> {
        let variables: Variables = [("LOG_GROUP_RULES", rules)].into_iter().collect();
        let rules = LogGroupRules::read(&variables);
        variables.finish(|| rules).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_matching_rule_applies() {
        let rules = r#"[{"group":"/aws/lambda/audit-*","days":"never"},{"group":"/aws/lambda/*","days":30},{"group":"/x","days":null}]"#;
        let rules = parse(rules).expect("good rules");
        let days = DesiredRetention::Days(Retention::DEFAULT);
        assert_eq!(rules.for_group("/aws/lambda/audit-a"), DesiredRetention::Never);
        assert_eq!(rules.for_group("/aws/lambda/a"), days);
        assert_eq!(rules.for_group("/x"), DesiredRetention::Unmanaged);
        assert_eq!(rules.for_group("/y"), DesiredRetention::Unmanaged);
        assert!(rules.protects("/x") && !rules.protects("/y") && !rules.protects("/aws/lambda/a"));
    }

    #[test]
    fn reports_all_faults_with_index_and_key() {
        let error =
            parse(r#"[{"group":"*","days":31},{"days":30},{"group":"/a b","days":1},{"group":"/c"}]"#);
        let error = error.expect_err("four faults");
        for fault in [
            "LOG_GROUP_RULES[0].days: 31 is not a retention of CloudWatch Logs",
            "LOG_GROUP_RULES[1].group: missing",
            "LOG_GROUP_RULES[2].group: can never match",
            "LOG_GROUP_RULES[3].days: missing",
        ] {
            assert!(error.contains(fault), "{fault} is not in: {error}");
        }
    }

    #[test]
    fn a_rule_after_one_that_covers_it_is_a_fault() {
        let error = parse(r#"[{"group":"/aws/*","days":7},{"group":"/aws/lambda/*","days":30}]"#);
        let error = error.expect_err("the second can never match");
        assert!(
            error.contains("LOG_GROUP_RULES[1].group: can never match"),
            "{error}"
        );
    }
}
