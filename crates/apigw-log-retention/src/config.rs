//! The function's variables.

use lambda_core::rules;
use lambda_core::variables::{ConfigurationError, Variables};
use std::time::Duration;

use crate::access_log_format::AccessLogFormat;
use crate::log_group_name::AccessLogGroup;
use crate::retention::Retention;
use crate::retention_rule::{LoggingPolicy, RetentionRule, RetentionRules};
use crate::stage::LogLevel;

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) rules: RetentionRules,
    pub(crate) access_log_group: AccessLogGroup,
    pub(crate) access_log_format: AccessLogFormat,
    /// Enables metrics for each method or route.
    pub(crate) metrics: bool,
    /// Role to set in the account's settings if they have none.
    pub(crate) cloudwatch_role_arn: Option<String>,
    /// Key of the tag that excludes a stage or an API.
    pub(crate) skip_tag: String,
    /// Replaces settings that an owner has chosen.
    pub(crate) enforce: bool,
    /// Reports changes without making them.
    pub(crate) dry_run: bool,
    pub(crate) function_timeout: Duration,
}

impl Config {
    /// Reads all variables. The error names every malformed one.
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let default = default_policy(variables);
        let rules = rules::read(
            variables,
            "RETENTION_RULES",
            &RetentionRule::KEYS,
            RetentionRule::read,
        );
        let access_log_group = variables.parsed(
            "ACCESS_LOG_GROUP",
            AccessLogGroup::default(),
            AccessLogGroup::parse,
        );
        let access_log_format = variables.parsed(
            "ACCESS_LOG_FORMAT",
            AccessLogFormat::default(),
            AccessLogFormat::parse,
        );
        let metrics = variables.boolean("DETAILED_METRICS", true);
        let cloudwatch_role_arn = variables.optional("CLOUDWATCH_ROLE_ARN", role_arn);
        let enforce = variables.boolean("ENFORCE", false);
        let dry_run = variables.boolean("DRY_RUN", false);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                rules: RetentionRules {
                    rules: rules?.unwrap_or_default(),
                    default: default?,
                },
                access_log_group: access_log_group?,
                access_log_format: access_log_format?,
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

fn default_policy(variables: &Variables) -> Option<LoggingPolicy> {
    let retention = variables.parsed("RETENTION_DAYS", Retention::DEFAULT, Retention::parse);
    let level = variables.parsed("EXECUTION_LOG_LEVEL", LogLevel::Info, LogLevel::parse);
    let data_trace = variables.boolean("DATA_TRACE", false);
    Some(LoggingPolicy {
        retention: retention?,
        level: level?,
        data_trace: data_trace?,
    })
}

fn role_arn(text: &str) -> Result<String, &'static str> {
    match text.starts_with("arn:") && text.contains(":role/") {
        true => Ok(text.to_owned()),
        false => Err("expected the ARN of an IAM role"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_has_a_default() {
        let none: Variables = Vec::<(String, String)>::new().into_iter().collect();
        let config = Config::from_variables(&none).expect("everything has a default");
        assert_eq!(config.rules.default.retention.days(), 30);
        assert_eq!(
            config.access_log_group.name("a1", "$default"),
            "/aws/vendedlogs/apigateway/a1/default"
        );
        assert_eq!(config.skip_tag, "nightshift:skip");
        assert!(config.metrics && !config.rules.default.data_trace && !config.enforce && !config.dry_run);
    }

    #[test]
    fn reports_every_malformed_variable_at_once() {
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
            let is_reported = match name {
                "RETENTION_RULES" => message.contains("RETENTION_RULES[0].days: 10 is not a retention"),
                _ => message.contains(&format!("{name} is malformed")),
            };
            assert!(is_reported, "{name} is not reported in: {message}");
        }
        assert!(message.contains("31 is not a retention"), "{message}");
    }
}
