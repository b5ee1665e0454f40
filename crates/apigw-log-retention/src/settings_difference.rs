//! The difference between the current and the desired log settings of a stage.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::log_group_name::name_in_arn;
use crate::retention_rule::LoggingPolicy;
use crate::stage::{ApiType, LogLevel, LogSettings};

pub(crate) const DESTINATION: &str = "access_log.destination";
pub(crate) const FORMAT: &str = "access_log.format";
pub(crate) const LEVEL: &str = "execution.level";
pub(crate) const DATA_TRACE: &str = "data_trace";
pub(crate) const METRICS: &str = "metrics";
/// Delivery of the execution log, which no stage has as a setting.
pub(crate) const DELIVERY: &str = "execution.delivery";

#[derive(Clone, Copy, Debug)]
pub(crate) struct DesiredSettings<'a> {
    /// ARN of the log group for access logs.
    pub(crate) access_group_arn: &'a str,
    /// Name of the log group to which API Gateway writes execution logs.
    pub(crate) execution_group: Option<&'a str>,
    pub(crate) format: &'a str,
    pub(crate) policy: LoggingPolicy,
}

/// A changed setting, in responses and logs. A restore event repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Change {
    pub(crate) setting: String,
    #[serde(default)]
    pub(crate) from: Value,
    #[serde(default)]
    pub(crate) to: Value,
}

impl Change {
    pub(crate) fn new(setting: &str, from: Value, to: Value) -> Self {
        Self {
            setting: setting.to_owned(),
            from,
            to,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} from {} to {}", self.setting, self.from, self.to)
    }
}

/// Returns the settings to write; `None` stays as it is.
///
/// A setting that is missing or switched off is set. A setting that the owner has chosen stays, unless `enforce`. Only
/// an access log that goes to the execution log's group is always moved.
pub(crate) fn difference(
    api_type: ApiType,
    current: &LogSettings,
    desired: &DesiredSettings,
    enforce: bool,
) -> LogSettings {
    let destination = destination_to_set(current, desired, enforce);
    let is_our_destination = match &current.destination {
        _ if destination.is_some() => true,
        Some(arn) => name_in_arn(arn) == name_in_arn(desired.access_group_arn),
        None => false,
    };
    let sets_format = match &current.format {
        None => is_our_destination,
        Some(format) => is_our_destination && enforce && format != desired.format,
    };
    let mut difference = LogSettings {
        destination,
        format: sets_format.then(|| desired.format.to_owned()),
        ..LogSettings::default()
    };
    difference.metrics = flag_to_set(current.metrics, desired.policy.metrics, enforce);
    if api_type.has_execution_logs() {
        difference.level = level_to_set(current.level, desired.policy.level, enforce);
        difference.data_trace = flag_to_set(current.data_trace, desired.policy.data_trace, enforce);
    }
    difference
}

fn destination_to_set(current: &LogSettings, desired: &DesiredSettings, enforce: bool) -> Option<String> {
    let desired_name = name_in_arn(desired.access_group_arn);
    let stays = current.destination.as_deref().is_some_and(|arn| {
        let name = name_in_arn(arn);
        let is_execution_group = name.is_some() && name == desired.execution_group;
        name == desired_name || (!enforce && !is_execution_group)
    });
    (!stays).then(|| desired.access_group_arn.to_owned())
}

fn level_to_set(current: Option<LogLevel>, desired: LogLevel, enforce: bool) -> Option<LogLevel> {
    let current = current.unwrap_or(LogLevel::Off);
    (current != desired && (current == LogLevel::Off || enforce)).then_some(desired)
}

fn flag_to_set(current: Option<bool>, desired: bool, enforce: bool) -> Option<bool> {
    let current = current.unwrap_or(false);
    (current != desired && (!current || enforce)).then_some(desired)
}

impl LogSettings {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns these settings with `difference` applied.
    pub(crate) fn with(&self, difference: &Self) -> Self {
        let either = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
        Self {
            destination: either(&difference.destination, &self.destination),
            format: either(&difference.format, &self.format),
            level: difference.level.or(self.level),
            data_trace: difference.data_trace.or(self.data_trace),
            metrics: difference.metrics.or(self.metrics),
        }
    }

    /// Returns the part of a difference that concerns the access log.
    pub(crate) fn access_log(&self) -> Self {
        Self {
            destination: self.destination.clone(),
            format: self.format.clone(),
            ..Self::default()
        }
    }

    /// Returns the part of a difference that API Gateway accepts without an account role.
    pub(crate) fn without_logs(&self) -> Self {
        Self {
            metrics: self.metrics,
            ..Self::default()
        }
    }

    /// Returns true if API Gateway writes an execution log with these settings.
    pub(crate) fn writes_execution_log(&self) -> bool {
        self.level.is_some_and(|level| level != LogLevel::Off)
    }

    /// Returns the names of the settings of this difference that `current` lacks.
    pub(crate) fn missing_in(&self, current: &Self) -> Vec<&'static str> {
        let name = |arn: &Option<String>| arn.as_deref().and_then(name_in_arn).map(str::to_owned);
        let level = Some(current.level.unwrap_or(LogLevel::Off));
        let flag = |flag: Option<bool>| Some(flag == Some(true));
        let is_missing = [
            (
                DESTINATION,
                self.destination.is_some() && name(&self.destination) != name(&current.destination),
            ),
            (FORMAT, self.format.is_some() && self.format != current.format),
            (LEVEL, self.level.is_some() && self.level != level),
            (
                DATA_TRACE,
                self.data_trace.is_some() && self.data_trace != flag(current.data_trace),
            ),
            (
                METRICS,
                self.metrics.is_some() && self.metrics != flag(current.metrics),
            ),
        ];
        let missing = is_missing.into_iter().filter(|(_, is_missing)| *is_missing);
        missing.map(|(setting, _)| setting).collect()
    }
}

/// Lists the settings of a difference for the response.
pub(crate) fn changes(current: &LogSettings, difference: &LogSettings) -> Vec<Change> {
    let settings = [
        (
            DESTINATION,
            json!(current.destination),
            json!(difference.destination),
        ),
        (FORMAT, json!(current.format), json!(difference.format)),
        (LEVEL, json!(current.level), json!(difference.level)),
        (
            DATA_TRACE,
            json!(current.data_trace),
            json!(difference.data_trace),
        ),
        (METRICS, json!(current.metrics), json!(difference.metrics)),
    ];
    let changed = settings.into_iter().filter(|(_, _, to)| !to.is_null());
    changed
        .map(|(setting, from, to)| Change::new(setting, from, to))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::{DesiredRetention, Retention};

    const OURS: &str = "arn:aws:logs:r:1:log-group:/ours/a1/prod";
    const OWNERS: &str = "arn:aws:logs:r:1:log-group:/owners";
    const EXECUTION: &str = "arn:aws:logs:r:1:log-group:API-Gateway-Execution-Logs_a1/prod";

    fn desired() -> DesiredSettings<'static> {
        DesiredSettings {
            access_group_arn: OURS,
            execution_group: name_in_arn(EXECUTION),
            format: "ours",
            policy: LoggingPolicy {
                retention: DesiredRetention::Days(Retention::DEFAULT),
                level: LogLevel::Info,
                data_trace: false,
                metrics: true,
            },
        }
    }

    fn settings(
        destination: &str,
        format: &str,
        level: LogLevel,
        data_trace: bool,
        metrics: bool,
    ) -> LogSettings {
        LogSettings {
            destination: Some(destination.to_owned()),
            format: Some(format.to_owned()),
            level: Some(level),
            data_trace: Some(data_trace),
            metrics: Some(metrics),
        }
    }

    #[track_caller]
    fn check(api_type: ApiType, current: LogSettings, enforce: bool, expected: &[&str]) {
        let difference = difference(api_type, &current, &desired(), enforce);
        let listed = changes(&current, &difference);
        let changed: Vec<&str> = listed.iter().map(|change| change.setting.as_str()).collect();
        assert_eq!(changed, expected);
        let after = current.with(&difference);
        assert!(difference.missing_in(&after).is_empty());
        let again = super::difference(api_type, &after, &desired(), enforce);
        assert!(again.is_empty(), "a second run would change {again:?}");
    }

    #[test]
    fn sets_everything_that_is_unset() {
        let all = [DESTINATION, FORMAT, LEVEL, METRICS];
        check(ApiType::Rest, LogSettings::default(), false, &all);
        check(ApiType::WebSocket, LogSettings::default(), false, &all);
        let off = LogSettings {
            level: Some(LogLevel::Off),
            data_trace: Some(false),
            metrics: Some(false),
            ..LogSettings::default()
        };
        check(ApiType::WebSocket, off, false, &all);
    }

    #[test]
    fn http_apis_have_access_logs_and_metrics_only() {
        check(
            ApiType::Http,
            LogSettings::default(),
            false,
            &[DESTINATION, FORMAT, METRICS],
        );
    }

    #[test]
    fn changes_nothing_that_is_as_desired() {
        check(
            ApiType::Rest,
            settings(OURS, "ours", LogLevel::Info, false, true),
            true,
            &[],
        );
        let with_star = settings(&format!("{OURS}:*"), "ours", LogLevel::Info, false, true);
        check(ApiType::Rest, with_star, true, &[]);
    }

    #[test]
    fn keeps_the_owners_settings_without_enforce() {
        let own = settings(OWNERS, "own", LogLevel::Error, true, true);
        check(ApiType::Rest, own.clone(), false, &[]);
        check(
            ApiType::Rest,
            own,
            true,
            &[DESTINATION, FORMAT, LEVEL, DATA_TRACE],
        );
        let stream = "arn:aws:firehose:r:1:deliverystream/amazon-apigateway-x";
        check(
            ApiType::Rest,
            settings(stream, "own", LogLevel::Info, false, true),
            false,
            &[],
        );
        check(
            ApiType::Rest,
            settings(OURS, "own", LogLevel::Info, false, true),
            false,
            &[],
        );
    }

    #[test]
    fn moves_the_access_log_out_of_the_execution_logs_group() {
        let shared = settings(EXECUTION, "own", LogLevel::Info, false, true);
        check(ApiType::Rest, shared, false, &[DESTINATION]);
    }

    #[test]
    fn lists_changes_with_old_and_new_value() {
        let current = LogSettings {
            level: Some(LogLevel::Off),
            ..LogSettings::default()
        };
        let difference = difference(ApiType::Rest, &current, &desired(), false);
        let listed = serde_json::to_value(changes(&current, &difference)).expect("is JSON");
        assert_eq!(
            listed[0],
            json!({"setting": "access_log.destination", "from": null, "to": OURS})
        );
        assert_eq!(
            listed[2],
            json!({"setting": "execution.level", "from": "OFF", "to": "INFO"})
        );
        assert_eq!(listed[3], json!({"setting": "metrics", "from": null, "to": true}));
    }

    #[test]
    fn finds_settings_that_were_not_applied() {
        let written = settings(OURS, "ours", LogLevel::Info, false, true);
        let read = settings(OWNERS, "ours", LogLevel::Off, false, true);
        assert_eq!(written.missing_in(&read), [DESTINATION, LEVEL]);
    }
}
