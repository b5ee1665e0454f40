//! Rules that choose retention and execution logging by stage and API.

use glob::Pattern;
use lambda_core::rules::{self, Fields};
use serde_json::Value;

use crate::log_group_name::allowed_characters;
use crate::retention::{InvalidRetention, Retention};
use crate::stage::{Api, LogLevel};

/// Retention and execution logging that a stage should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoggingPolicy {
    pub(crate) retention: Retention,
    pub(crate) level: LogLevel,
    pub(crate) data_trace: bool,
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
    retention: Retention,
    level: Option<LogLevel>,
    data_trace: Option<bool>,
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
            },
        }
    }
}

impl RetentionRule {
    pub(crate) const KEYS: [&str; 5] = ["stage", "api", "days", "execution_level", "data_trace"];

    /// Reads one element of `RETENTION_RULES`.
    pub(crate) fn read(fields: &Fields) -> Option<Self> {
        let stage = fields.required("stage", glob);
        let api = fields.optional("api", glob);
        let retention = fields.required("days", days);
        let level = fields.optional("execution_level", level);
        let data_trace = fields.optional("data_trace", rules::boolean);
        Some(Self {
            stage: stage?,
            api: api?,
            retention: retention?,
            level: level?,
            data_trace: data_trace?,
        })
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

fn glob(value: &Value) -> Result<Pattern, String> {
    let text = rules::text(value)?;
    // The glob crate reads braces as letters, so such a pattern would match nothing.
    if text.contains(['{', '}']) {
        return Err(format!(
            "the glob {text:?} has braces: write one rule for each alternative"
        ));
    }
    Pattern::new(text).map_err(|error| format!("{text:?} is not a glob: {error}"))
}

fn days(value: &Value) -> Result<Retention, InvalidRetention> {
    Retention::parse(&value.to_string())
}

fn level(value: &Value) -> Result<LogLevel, &'static str> {
    LogLevel::parse(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ApiType;
    use lambda_core::variables::Variables;
    use serde_json::json;

    fn parse(rules: &Value) -> Result<Vec<RetentionRule>, String> {
        let variables: Variables = [("RULES", rules.to_string())].into_iter().collect();
        let rules = rules::read(&variables, "RULES", &RetentionRule::KEYS, RetentionRule::read);
        let rules = variables.finish(|| rules).map_err(|error| error.to_string())?;
        Ok(rules.unwrap_or_default())
    }

    fn rules(rules: Value) -> RetentionRules {
        RetentionRules {
            rules: parse(&rules).expect("good rules"),
            default: LoggingPolicy {
                retention: Retention::DEFAULT,
                level: LogLevel::Info,
                data_trace: false,
            },
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
        assert_eq!((policy.retention.days(), policy.level), (days, level));
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
            assert_eq!(policy.retention.days(), 3, "{glob}");
        }
    }

    #[track_caller]
    fn check_fault(rule: Value, expected: &str) {
        let error = parse(&json!([rule])).expect_err("a bad rule");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn reports_faults_with_index_and_key() {
        check_fault(
            json!({"stage": "*", "days": 31}),
            "RULES[0].days: 31 is not a retention of CloudWatch Logs, expected one of 1, 3, 5",
        );
        check_fault(json!({"stage": "*"}), "RULES[0].days: missing");
        check_fault(
            json!({"stage": "*", "days": 30, "level": "INFO"}),
            "RULES[0].level: unknown key",
        );
        check_fault(
            json!({"stage": "*", "days": 30, "execution_level": "DEBUG"}),
            "RULES[0].execution_level: expected OFF, ERROR or INFO",
        );
        check_fault(json!({"stage": "[a", "days": 30}), "is not a glob");
        check_fault(json!({"stage": "{prod,live}", "days": 30}), "has braces");
    }
}
