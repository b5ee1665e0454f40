//! Rules that choose retention and execution logging by stage and API.

use glob::Pattern;
use lambda_core::rules::{self, Fields};
use lambda_core::variables::Variables;
use serde_json::Value;

use crate::log_group_name::allowed_characters;
use crate::name_glob;
use crate::retention::DesiredRetention;
use crate::stage::{Api, LogLevel};

/// Retention and execution logging that a stage should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoggingPolicy {
    pub(crate) retention: DesiredRetention,
    pub(crate) level: LogLevel,
    pub(crate) data_trace: bool,
    /// Enables metrics for each method or route.
    pub(crate) metrics: bool,
}

/// Rules in the order in which they are tried, and the policy for everything that they leave open.
#[derive(Clone, Debug)]
pub(crate) struct RetentionRules {
    pub(crate) rules: Vec<RetentionRule>,
    pub(crate) default: LoggingPolicy,
}

#[derive(Clone, Debug)]
pub(crate) struct RetentionRule {
    stage: Pattern,
    api: Option<Pattern>,
    retention: DesiredRetention,
    level: Option<LogLevel>,
    data_trace: Option<bool>,
    metrics: Option<bool>,
}

impl RetentionRules {
    /// Returns the policy for a stage.
    pub(crate) fn for_stage(&self, stage: &str, api: &Api) -> LoggingPolicy {
        self.first_match(stage, &[&api.id, &api.name])
    }

    /// Returns the policy for the log groups of a deleted API. The group's name holds the API's id but not its name.
    pub(crate) fn for_deleted_api(&self, stage: &str, api_id: &str) -> LoggingPolicy {
        self.first_match(stage, &[api_id])
    }

    fn first_match(&self, stage: &str, api: &[&str]) -> LoggingPolicy {
        let default = self.default;
        match self.rules.iter().find(|rule| rule.matches(stage, api)) {
            None => default,
            Some(rule) => LoggingPolicy {
                retention: rule.retention,
                level: rule.level.unwrap_or(default.level),
                data_trace: rule.data_trace.unwrap_or(default.data_trace),
                metrics: rule.metrics.unwrap_or(default.metrics),
            },
        }
    }
}

impl RetentionRule {
    /// Reads `RETENTION_RULES`.
    pub(crate) fn read_all(variables: &Variables) -> Option<Vec<Self>> {
        const KEYS: [&str; 6] = ["stage", "api", "days", "execution_level", "data_trace", "metrics"];
        let rules = rules::read(variables, "RETENTION_RULES", &KEYS, Self::read)?.unwrap_or_default();
        let mut is_reachable = true;
        for (index, rule) in rules.iter().enumerate() {
            if let Some(first) = rules[..index].iter().position(|first| first.covers(rule)) {
                variables.fault(format!(
                    "RETENTION_RULES[{index}].stage: can never match, because RETENTION_RULES[{first}] matches all of these stages first"
                ));
                is_reachable = false;
            }
        }
        is_reachable.then_some(rules)
    }

    fn read(fields: &Fields) -> Option<Self> {
        let stage = fields.required("stage", name_glob::parse);
        let api = fields.optional("api", name_glob::parse);
        let retention = DesiredRetention::read(fields);
        let level = fields.optional("execution_level", level);
        let data_trace = fields.optional("data_trace", rules::boolean);
        let metrics = fields.optional("metrics", rules::boolean);
        Some(Self {
            stage: stage?,
            api: api?,
            retention: retention?,
            level: level?,
            data_trace: data_trace?,
            metrics: metrics?,
        })
    }

    /// Returns true if this rule matches every stage that `later` matches.
    fn covers(&self, later: &Self) -> bool {
        let covers_api = match (&self.api, &later.api) {
            (None, _) => true,
            (Some(first), Some(later)) => name_glob::covers(first, later),
            (Some(_), None) => false,
        };
        covers_api && name_glob::covers(&self.stage, &later.stage)
    }

    /// Matches `$default` in two spellings: as in API Gateway, and as `default`, the form in the name of its log
    /// group. After the stage is deleted, only the latter is known.
    fn matches(&self, stage: &str, api: &[&str]) -> bool {
        (self.stage.matches(stage)
            || self.stage.matches(&allowed_characters(stage))
            || allowed_characters(self.stage.as_str()) == stage)
            && self
                .api
                .as_ref()
                .is_none_or(|glob| api.iter().any(|name| glob.matches(name)))
    }
}

fn level(value: &Value) -> Result<LogLevel, &'static str> {
    LogLevel::parse(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::retention::Retention;
    use crate::stage::ApiType;

    fn parse(rules: &Value) -> Result<Vec<RetentionRule>, String> {
        let variables: Variables = [("RETENTION_RULES", rules.to_string())].into_iter().collect();
        let rules = RetentionRule::read_all(&variables);
        variables.finish(|| rules).map_err(|error| error.to_string())
    }

    fn rules(rules: Value) -> RetentionRules {
        RetentionRules {
            rules: parse(&rules).expect("good rules"),
            default: LoggingPolicy {
                retention: DesiredRetention::Days(Retention::DEFAULT),
                level: LogLevel::Info,
                data_trace: false,
                metrics: false,
            },
        }
    }

    #[track_caller]
    fn days_of(policy: LoggingPolicy) -> u32 {
        match policy.retention {
            DesiredRetention::Days(retention) => retention.days(),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn check(given: Value, stage: &str, days: u32, level: LogLevel) {
        let api = Api {
            id: "a1b2c3d4e5".to_owned(),
            name: "Billing / public".to_owned(),
            api_type: ApiType::Rest,
            tag_keys: Vec::new(),
        };
        let policy = rules(given).for_stage(stage, &api);
        assert_eq!((days_of(policy), policy.level), (days, level));
    }

    #[test]
    fn the_first_matching_rule_applies() {
        let both =
            json!([{"stage": "prod*", "days": 365, "execution_level": "ERROR"}, {"stage": "*", "days": 7}]);
        check(both.clone(), "production", 365, LogLevel::Error);
        check(both, "dev", 7, LogLevel::Info);
        let exact = json!([{"stage": "prod", "days": 365}]);
        check(exact, "production", 30, LogLevel::Info);
    }

    #[test]
    fn api_matches_the_apis_name_or_its_id() {
        for (api, days) in [("Billing*", 1), ("a1b2c3d4e5", 1), ("Shop*", 30)] {
            let rules = json!([{"stage": "*", "api": api, "days": 1}]);
            check(rules, "dev", days, LogLevel::Info);
        }
    }

    #[test]
    fn the_default_stage_matches_with_and_without_its_dollar_sign() {
        for glob in ["$default", "default", "def*"] {
            let given = json!([{"stage": glob, "days": 3}]);
            check(given.clone(), "$default", 3, LogLevel::Info);
            let policy = rules(given).for_deleted_api("default", "a1");
            assert_eq!(days_of(policy), 3, "{glob}");
        }
    }

    #[track_caller]
    fn check_fault(rule: Value, expected: &str) {
        let error = parse(&json!([rule])).expect_err("a bad rule");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn days_may_be_never_or_null_and_metrics_may_be_set() {
        let given =
            json!([{"stage": "audit*", "days": "never", "metrics": true}, {"stage": "x", "days": null}]);
        let rules = rules(given);
        let policy = rules.for_deleted_api("audit-1", "a1");
        assert_eq!(
            (policy.retention, policy.metrics),
            (DesiredRetention::Never, true)
        );
        let policy = rules.for_deleted_api("x", "a1");
        assert_eq!(
            (policy.retention, policy.metrics),
            (DesiredRetention::Unmanaged, false)
        );
    }

    #[test]
    fn a_rule_after_one_that_covers_it_is_a_fault() {
        let error = parse(&json!([{"stage": "*", "days": 7}, {"stage": "prod", "api": "a", "days": 30}]));
        let error = error.expect_err("the second can never match");
        assert!(
            error.contains("RETENTION_RULES[1].stage: can never match"),
            "{error}"
        );
        assert!(
            parse(&json!([{"stage": "*", "api": "a", "days": 7}, {"stage": "prod", "days": 30}])).is_ok()
        );
    }

    #[test]
    fn reports_faults_with_index_and_key() {
        check_fault(
            json!({"stage": "*", "days": 31}),
            "RETENTION_RULES[0].days: 31 is not a retention of CloudWatch Logs, expected one of 1, 3, 5",
        );
        check_fault(json!({"stage": "*"}), "RETENTION_RULES[0].days: missing");
        check_fault(
            json!({"stage": "*", "days": 30, "level": "INFO"}),
            "RETENTION_RULES[0].level: unknown key",
        );
        check_fault(
            json!({"stage": "*", "days": 30, "execution_level": "DEBUG"}),
            "RETENTION_RULES[0].execution_level: expected OFF, ERROR or INFO",
        );
        check_fault(json!({"stage": "[a", "days": 30}), "is not a glob");
        check_fault(json!({"stage": "{prod,live}", "days": 30}), "has braces");
    }
}
