//! The parsers of foreign bytes, for the targets in `fuzz/`. Unit tests compile this module too, so it cannot fall behind.

use lambda_core::variables::Variables;
use serde_json::Value;

use crate::access_log_format;
use crate::config::Config;
use crate::event::Event;
use crate::execution_log_delivery::delivery_name;
use crate::log_group_name::{AccessLogGroup, Owner, name_in_arn};
use crate::stage::ApiType;

/// Reads all variables. The error lists the faults.
pub fn configuration(variables: &[(&str, &str)]) -> Result<(), String> {
    config(variables).map(drop)
}

fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables: Variables = variables.iter().copied().collect();
    Config::from_variables(&variables).map_err(|error| error.to_string())
}

/// Parses an event, and returns it for comparison.
pub fn event(event: &Value) -> Result<String, String> {
    let event = Event::parse(event).map_err(|error| error.to_string())?;
    Ok(format!("{event:?}"))
}

/// Applies `RETENTION_RULES` and `LOG_GROUP_RULES` to a stage of a deleted API and to a log group.
pub fn policy(rules: &str, group_rules: &str, stage: &str, group: &str) -> Result<String, String> {
    let config = config(&[("RETENTION_RULES", rules), ("LOG_GROUP_RULES", group_rules)])?;
    let policy = config.rules.for_deleted_api(stage, "a1b2c3d4e5");
    let retention = config.log_group_rules.for_group(group);
    let is_protected = config.log_group_rules.protects(group);
    Ok(format!("{policy:?} {retention:?} {is_protected}"))
}

/// Parses the format of an access log for each type of API.
pub fn access_log_formats(format: &str) -> [Result<String, String>; 3] {
    let parse = |api_type| access_log_format::parse(format, api_type).map_err(|error| error.to_string());
    [ApiType::Rest, ApiType::Http, ApiType::WebSocket].map(parse)
}

/// Forms the name of a stage's log group by a pattern. Returns it with the API id and the stage that are read from it.
pub fn log_group(
    pattern: &str,
    api: &str,
    stage: &str,
) -> Result<(String, Option<(String, String)>), String> {
    let pattern = AccessLogGroup::parse(pattern).map_err(|error| error.to_string())?;
    let name = pattern.name(api, stage);
    let owner = Owner::parse(&name, &pattern);
    let owner = owner.map(|owner| (owner.api_id.to_owned(), owner.stage.to_owned()));
    Ok((name, owner))
}

/// Reads the log group in an ARN, and names its delivery.
pub fn arn(arn: &str) -> (Option<&str>, String) {
    (name_in_arn(arn), delivery_name(arn))
}
