//! The function's variables.

use std::time::Duration;

use lambda_core::variables::{ConfigurationError, Variables};

use crate::access_log_format::{self, AccessLogFormats};
use crate::execution_log_delivery::ExecutionLogDelivery;
use crate::log_group_name::AccessLogGroup;
use crate::log_group_rule::LogGroupRules;
use crate::never_expiring::DEFAULT_PRICE;
use crate::retention::{DesiredRetention, Retention};
use crate::retention_rule::{LoggingPolicy, RetentionRule, RetentionRules};
use crate::stage::{ApiType, LogLevel};

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) rules: RetentionRules,
    pub(crate) access_log_group: AccessLogGroup,
    pub(crate) access_log_formats: AccessLogFormats,
    /// Rules for log groups that belong to no stage.
    pub(crate) log_group_rules: LogGroupRules,
    pub(crate) execution_log_delivery: ExecutionLogDelivery,
    /// Topic for the report of log groups that never expire.
    pub(crate) report_topic_arn: Option<String>,
    /// Price of a gigabyte for a month, in US dollars.
    pub(crate) log_price: f64,
    /// Role to set in the account's settings if they have none that works.
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
        let rules = RetentionRule::read_all(variables);
        let log_group_rules = LogGroupRules::read(variables);
        let access_log_group = variables.parsed(
            "ACCESS_LOG_GROUP",
            AccessLogGroup::default(),
            AccessLogGroup::parse,
        );
        let access_log_formats = access_log_formats(variables);
        let execution_log_delivery = variables.parsed(
            "EXECUTION_LOG_DELIVERY",
            ExecutionLogDelivery::Off,
            ExecutionLogDelivery::parse,
        );
        let report_topic_arn = variables.optional("REPORT_TOPIC_ARN", topic_arn);
        let log_price = variables.parsed("LOG_PRICE_PER_GB_MONTH", DEFAULT_PRICE, price);
        let cloudwatch_role_arn = variables.optional("CLOUDWATCH_ROLE_ARN", role_arn);
        let enforce = variables.boolean("ENFORCE", false);
        let dry_run = variables.boolean("DRY_RUN", false);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                rules: RetentionRules {
                    rules: rules?,
                    default: default?,
                },
                access_log_group: access_log_group?,
                access_log_formats: access_log_formats?,
                log_group_rules: log_group_rules?,
                execution_log_delivery: execution_log_delivery?,
                report_topic_arn: report_topic_arn?,
                log_price: log_price?,
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
    let metrics = variables.boolean("DETAILED_METRICS", false);
    Some(LoggingPolicy {
        retention: DesiredRetention::Days(retention?),
        level: level?,
        data_trace: data_trace?,
        metrics: metrics?,
    })
}

fn access_log_formats(variables: &Variables) -> Option<AccessLogFormats> {
    let default = access_log_format::default_format;
    let parse = |api_type| move |format: &str| access_log_format::parse(format, api_type);
    let rest = variables.parsed("ACCESS_LOG_FORMAT", default(ApiType::Rest), parse(ApiType::Rest));
    let http = variables.parsed(
        "ACCESS_LOG_FORMAT_HTTP",
        default(ApiType::Http),
        parse(ApiType::Http),
    );
    let websocket = variables.parsed(
        "ACCESS_LOG_FORMAT_WEBSOCKET",
        default(ApiType::WebSocket),
        parse(ApiType::WebSocket),
    );
    Some(AccessLogFormats {
        rest: rest?,
        http: http?,
        websocket: websocket?,
    })
}

fn topic_arn(text: &str) -> Result<String, &'static str> {
    match text.starts_with("arn:") && text.contains(":sns:") {
        true => Ok(text.to_owned()),
        false => Err("expected the ARN of an SNS topic"),
    }
}

fn price(text: &str) -> Result<f64, &'static str> {
    let price = text
        .parse()
        .ok()
        .filter(|price: &f64| price.is_finite() && *price >= 0.0);
    price.ok_or("expected US dollars such as 0.0314")
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
        let default = config.rules.default;
        assert_eq!(default.retention, DesiredRetention::Days(Retention::DEFAULT));
        assert_eq!(config.execution_log_delivery, ExecutionLogDelivery::Off);
        assert!(config.log_group_rules.is_empty() && config.report_topic_arn.is_none());
        assert_eq!(config.log_price, 0.0314);
        assert_eq!(
            config.access_log_group.name("a1", "$default"),
            "/aws/vendedlogs/apigateway/a1/default"
        );
        assert_eq!(config.skip_tag, "nightshift:skip");
        assert!(!default.metrics && !default.data_trace && !config.enforce && !config.dry_run);
    }

    #[test]
    fn reports_every_malformed_variable_at_once() {
        let faults = [
            ("RETENTION_DAYS", "31"),
            ("RETENTION_RULES", r#"[{"stage":"*","days":10}]"#),
            ("ACCESS_LOG_GROUP", "/aws/apigateway/{api_id}/{stage}"),
            ("ACCESS_LOG_FORMAT", "$context.status"),
            ("ACCESS_LOG_FORMAT_HTTP", "$context.routeKey"),
            ("ACCESS_LOG_FORMAT_WEBSOCKET", "$context.eventType"),
            ("LOG_GROUP_RULES", r#"[{"group":"/a b","days":1}]"#),
            ("EXECUTION_LOG_DELIVERY", "on"),
            ("REPORT_TOPIC_ARN", "reports"),
            ("LOG_PRICE_PER_GB_MONTH", "free"),
            ("EXECUTION_LOG_LEVEL", "DEBUG"),
            ("DATA_TRACE", "1"),
            ("DETAILED_METRICS", "yes"),
            ("CLOUDWATCH_ROLE_ARN", "logs"),
            ("ENFORCE", "on"),
            ("DRY_RUN", "True"),
        ];
        let variables: Variables = faults.into_iter().collect();
        let message = Config::from_variables(&variables)
            .expect_err("a fault in each")
            .to_string();
        for (name, _) in faults {
            let is_reported = match name {
                "RETENTION_RULES" => message.contains("RETENTION_RULES[0].days: 10 is not a retention"),
                "LOG_GROUP_RULES" => message.contains("LOG_GROUP_RULES[0].group: can never match"),
                _ => message.contains(&format!("{name} is malformed")),
            };
            assert!(is_reported, "{name} is not reported in: {message}");
        }
        assert!(message.contains("31 is not a retention"), "{message}");
    }
}
