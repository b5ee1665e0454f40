//! The function's variables.

use lambda_core::variables::{ConfigurationError, Variables};
use std::time::Duration;

use crate::access_format::AccessFormat;
use crate::log_group::AccessLogGroup;
use crate::retention::Retention;
use crate::rule::{Logging, Rule, Rules};
use crate::stage::Level;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which stages log what, and for how long.
    pub rules: Rules,
    /// Where access logs go.
    pub access_log_group: AccessLogGroup,
    /// How they look.
    pub access_format: AccessFormat,
    /// Whether there are metrics for each method or route.
    pub metrics: bool,
    /// The role for the account's settings, where there is none.
    pub cloudwatch_role_arn: Option<String>,
    /// The key of the tag that keeps us away.
    pub skip_tag: String,
    /// Whether an owner's different setting is changed.
    pub enforce: bool,
    /// Whether to write nothing and say what would change.
    pub dry_run: bool,
    /// See `lambda-core`.
    pub function_timeout: Duration,
}

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    /// One that names every missing and malformed variable.
    pub fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let retention = variables.parsed("RETENTION_DAYS", Retention::DEFAULT, Retention::parse);
        let level = variables.parsed("EXECUTION_LOG_LEVEL", Level::Info, Level::parse);
        let data_trace = variables.boolean("DATA_TRACE", false);
        let rules = variables.parsed("RETENTION_RULES", Vec::new(), parse_rules);
        let pattern = variables
            .text("ACCESS_LOG_GROUP")
            .unwrap_or(AccessLogGroup::DEFAULT);
        let access_log_group = AccessLogGroup::parse(pattern)
            .map_err(|error| variables.fault(format!("ACCESS_LOG_GROUP is malformed: {error}")))
            .ok();
        let access_format =
            variables.parsed("ACCESS_LOG_FORMAT", AccessFormat::default(), AccessFormat::parse);
        let metrics = variables.boolean("DETAILED_METRICS", true);
        let cloudwatch_role_arn = variables.optional("CLOUDWATCH_ROLE_ARN", role_arn);
        let enforce = variables.boolean("ENFORCE", false);
        let dry_run = variables.boolean("DRY_RUN", false);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                rules: Rules {
                    rules: rules?,
                    otherwise: Logging {
                        retention: retention?,
                        level: level?,
                        data_trace: data_trace?,
                    },
                },
                access_log_group: access_log_group?,
                access_format: access_format?,
                metrics: metrics?,
                cloudwatch_role_arn: cloudwatch_role_arn?,
                skip_tag: variables.text("SKIP_TAG").unwrap_or("nightshift:skip").to_owned(),
                enforce: enforce?,
                dry_run: dry_run?,
                function_timeout: Duration::from_secs(function_timeout?.into()),
            })
        })
    }
}

fn parse_rules(text: &str) -> serde_json::Result<Vec<Rule>> {
    serde_json::from_str(text)
}

fn role_arn(text: &str) -> Result<String, &'static str> {
    match text.starts_with("arn:") && text.contains(":role/") {
        true => Ok(text.to_owned()),
        false => Err("expected the ARN of a role"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_no_variable_at_all() {
        let none: Variables = Vec::<(String, String)>::new().into_iter().collect();
        let config = Config::from_variables(&none).expect("everything has a default");
        assert_eq!(config.rules.otherwise.retention.days(), 30);
        assert_eq!(
            config.access_log_group.name("a1", "$default"),
            "/aws/vendedlogs/apigateway/a1/default"
        );
        assert_eq!(config.skip_tag, "nightshift:skip");
        assert!(config.metrics && !config.rules.otherwise.data_trace && !config.enforce && !config.dry_run);
    }

    #[test]
    fn names_every_wrong_variable_at_once() {
        let faults = [
            ("RETENTION_DAYS", "31"),
            ("RETENTION_RULES", r#"[{"stage":"*","days":10}]"#),
            ("ACCESS_LOG_GROUP", "/aws/apigateway/{api_id}/{stage}"),
            ("ACCESS_LOG_FORMAT", "$context.status"),
            ("EXECUTION_LOG_LEVEL", "DEBUG"),
            ("DATA_TRACE", "1"),
            ("DETAILED_METRICS", "yes"),
            ("CLOUDWATCH_ROLE_ARN", "logs"),
            ("ENFORCE", "on"),
            ("DRY_RUN", "True"),
        ];
        let variables: Variables = faults.into_iter().collect();
        let message = Config::from_variables(&variables)
            .expect_err("ten faults")
            .to_string();
        for (name, _) in faults {
            assert!(
                message.contains(&format!("{name} is malformed")),
                "{name} is not named in: {message}"
            );
        }
        assert!(
            message.contains("31 is no retention") && message.contains("10 is no retention"),
            "{message}"
        );
    }
}
