//! Which stages log what, and for how long.

use glob::Pattern;
use serde::{Deserialize, Deserializer, de::Error};

use crate::log_group::clean;
use crate::retention::Retention;
use crate::stage::{Api, Level};

/// What a stage's logs should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logging {
    /// How long they are kept.
    pub retention: Retention,
    /// What the execution log holds.
    pub level: Level,
    /// Whether it holds requests and answers with their bodies.
    pub data_trace: bool,
}

/// The rules in the order in which they are tried, and what holds where none fits.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Tried in order.
    pub rules: Vec<Rule>,
    /// For all other stages, and for what a rule does not say.
    pub otherwise: Logging,
}

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(deserialize_with = "glob")]
    stage: Pattern,
    #[serde(default, deserialize_with = "some_glob")]
    api: Option<Pattern>,
    days: Retention,
    #[serde(default)]
    execution_level: Option<Level>,
    #[serde(default)]
    data_trace: Option<bool>,
}

impl Rules {
    /// What the logs of a stage should be.
    pub fn for_stage(&self, stage: &str, api: &Api) -> Logging {
        self.first(stage, &[&api.id, &api.name])
    }

    /// The same for a stage that is gone, and its API with it, of which only the id is known.
    pub fn for_vanished(&self, stage: &str, api_id: &str) -> Logging {
        self.first(stage, &[api_id])
    }

    fn first(&self, stage: &str, api: &[&str]) -> Logging {
        let otherwise = self.otherwise;
        match self.rules.iter().find(|rule| rule.fits(stage, api)) {
            None => otherwise,
            Some(rule) => Logging {
                retention: rule.days,
                level: rule.execution_level.unwrap_or(otherwise.level),
                data_trace: rule.data_trace.unwrap_or(otherwise.data_trace),
            },
        }
    }
}

impl Rule {
    /// `$default` may be written as in API Gateway, or `default`, as in the name of its log group: of a stage
    /// that is gone, the latter is all that is left.
    fn fits(&self, stage: &str, api: &[&str]) -> bool {
        (self.stage.matches(stage)
            || self.stage.matches(&clean(stage))
            || clean(self.stage.as_str()) == stage)
            && self
                .api
                .as_ref()
                .is_none_or(|glob| api.iter().any(|name| glob.matches(name)))
    }
}

fn glob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
    let text = String::deserialize(deserializer)?;
    // These would pass as letters and fit nothing.
    if text.contains(['{', '}']) {
        return Err(D::Error::custom(format!(
            "the glob {text:?} has braces: write a rule for each alternative"
        )));
    }
    Pattern::new(&text).map_err(|error| D::Error::custom(format!("{text:?} is no glob: {error}")))
}

fn some_glob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    glob(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ApiKind;
    use serde_json::{Value, json};

    fn rules(rules: Value) -> Rules {
        Rules {
            rules: serde_json::from_value(rules).expect("good rules"),
            otherwise: Logging {
                retention: Retention::DEFAULT,
                level: Level::Info,
                data_trace: false,
            },
        }
    }

    #[track_caller]
    fn check(given: Value, stage: &str, days: u32, level: Level) {
        let api = Api {
            id: "a1b2c3d4e5".to_owned(),
            name: "Billing / public".to_owned(),
            kind: ApiKind::Rest,
            tags: Vec::new(),
        };
        let logging = rules(given).for_stage(stage, &api);
        assert_eq!((logging.retention.days(), logging.level), (days, level));
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let both =
            json!([{"stage": "prod*", "days": 365, "execution_level": "ERROR"}, {"stage": "*", "days": 7}]);
        check(both.clone(), "production", 365, Level::Error);
        check(both, "dev", 7, Level::Info);
        check(
            json!([{"stage": "prod", "days": 365}]),
            "production",
            30,
            Level::Info,
        );
    }

    #[test]
    fn an_api_is_meant_by_its_name_or_its_id() {
        check(
            json!([{"stage": "*", "api": "Billing*", "days": 1}]),
            "dev",
            1,
            Level::Info,
        );
        check(
            json!([{"stage": "*", "api": "a1b2c3d4e5", "days": 1}]),
            "dev",
            1,
            Level::Info,
        );
        check(
            json!([{"stage": "*", "api": "Shop*", "days": 1}]),
            "dev",
            30,
            Level::Info,
        );
    }

    #[test]
    fn the_default_stage_is_written_with_or_without_its_sign() {
        for glob in ["$default", "default", "def*"] {
            check(json!([{"stage": glob, "days": 3}]), "$default", 3, Level::Info);
            let rules = rules(json!([{"stage": glob, "days": 3}]));
            assert_eq!(rules.for_vanished("default", "a1").retention.days(), 3, "{glob}");
        }
    }

    #[track_caller]
    fn refuses(rule: Value, because: &str) {
        let error = serde_json::from_value::<Rule>(rule)
            .expect_err("a bad rule")
            .to_string();
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn refuses_what_could_not_be_meant() {
        refuses(json!({"stage": "*", "days": 31}), "expected one of 1, 3, 5");
        refuses(json!({"stage": "*"}), "missing field `days`");
        refuses(
            json!({"stage": "*", "days": 30, "level": "INFO"}),
            "unknown field `level`",
        );
        refuses(
            json!({"stage": "*", "days": 30, "execution_level": "DEBUG"}),
            "unknown variant",
        );
        refuses(json!({"stage": "[a", "days": 30}), "is no glob");
        refuses(json!({"stage": "{prod,live}", "days": 30}), "has braces");
    }
}
