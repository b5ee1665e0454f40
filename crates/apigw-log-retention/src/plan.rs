//! What of a stage's settings has to change.

use serde::Serialize;
use serde_json::{Value, json};

use crate::log_group::name_in_arn;
use crate::rule::Logging;
use crate::stage::{ApiKind, Level, Settings};

/// How a stage should log.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The ARN of the group for its access log.
    pub access_group_arn: &'a str,
    /// The group in which API Gateway will write its execution log.
    pub execution_group: Option<&'a str>,
    /// The access log's format.
    pub format: &'a str,
    /// Level and data trace of the execution log.
    pub logging: Logging,
    /// Whether there should be metrics for each method or route.
    pub metrics: bool,
}

/// A setting that was changed, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    setting: &'static str,
    from: Value,
    to: Value,
}

/// The settings to write; `None` is left as it is.
///
/// What is not set, or switched off, is set as wanted. What an owner has set to something else is his,
/// unless `enforce`; only an access log that goes into the execution log's group is never left there.
pub fn difference(kind: ApiKind, present: &Settings, wanted: &Wanted, enforce: bool) -> Settings {
    let destination = destination_to_set(present, wanted, enforce);
    let is_ours = match &present.destination {
        _ if destination.is_some() => true,
        Some(arn) => name_in_arn(arn) == name_in_arn(wanted.access_group_arn),
        None => false,
    };
    let format = match &present.format {
        None => is_ours,
        Some(format) => is_ours && enforce && format != wanted.format,
    };
    let mut difference = Settings {
        destination,
        format: format.then(|| wanted.format.to_owned()),
        ..Settings::default()
    };
    if kind.has_execution_logs() {
        difference.level = level_to_set(present.level, wanted.logging.level, enforce);
        difference.data_trace = flag_to_set(present.data_trace, wanted.logging.data_trace, enforce);
        difference.metrics = flag_to_set(present.metrics, wanted.metrics, enforce);
    }
    difference
}

fn destination_to_set(present: &Settings, wanted: &Wanted, enforce: bool) -> Option<String> {
    let wanted_name = name_in_arn(wanted.access_group_arn);
    let stays = present.destination.as_deref().is_some_and(|arn| {
        let name = name_in_arn(arn);
        let shares = name.is_some() && name == wanted.execution_group;
        name == wanted_name || (!enforce && !shares)
    });
    (!stays).then(|| wanted.access_group_arn.to_owned())
}

fn level_to_set(present: Option<Level>, wanted: Level, enforce: bool) -> Option<Level> {
    let present = present.unwrap_or(Level::Off);
    (present != wanted && (present == Level::Off || enforce)).then_some(wanted)
}

fn flag_to_set(present: Option<bool>, wanted: bool, enforce: bool) -> Option<bool> {
    let present = present.unwrap_or(false);
    (present != wanted && (!present || enforce)).then_some(wanted)
}

impl Settings {
    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These settings after `difference` was written.
    pub fn with(&self, difference: &Self) -> Self {
        Self {
            destination: difference
                .destination
                .clone()
                .or_else(|| self.destination.clone()),
            format: difference.format.clone().or_else(|| self.format.clone()),
            level: difference.level.or(self.level),
            data_trace: difference.data_trace.or(self.data_trace),
            metrics: difference.metrics.or(self.metrics),
        }
    }

    /// Of a difference, what concerns the access log.
    pub fn access_log(&self) -> Self {
        Self {
            destination: self.destination.clone(),
            format: self.format.clone(),
            ..Self::default()
        }
    }

    /// Of a difference, what API Gateway needs no role for.
    pub fn without_logs(&self) -> Self {
        Self {
            metrics: self.metrics,
            ..Self::default()
        }
    }

    /// Whether API Gateway will write an execution log.
    pub fn writes_execution_log(&self) -> bool {
        self.level.is_some_and(|level| level != Level::Off)
    }

    /// The names of the settings in which `read` is not what was written.
    pub fn not_found_in(&self, read: &Self) -> Vec<&'static str> {
        let name = |arn: &Option<String>| arn.as_deref().and_then(name_in_arn).map(str::to_owned);
        let differs = [
            (
                DESTINATION,
                self.destination.is_some() && name(&self.destination) != name(&read.destination),
            ),
            (FORMAT, self.format.is_some() && self.format != read.format),
            (
                LEVEL,
                self.level.is_some() && self.level != Some(read.level.unwrap_or(Level::Off)),
            ),
            (
                DATA_TRACE,
                self.data_trace.is_some() && self.data_trace != Some(read.data_trace == Some(true)),
            ),
            (
                METRICS,
                self.metrics.is_some() && self.metrics != Some(read.metrics == Some(true)),
            ),
        ];
        differs
            .into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(name, _)| name)
            .collect()
    }
}

const DESTINATION: &str = "access_log.destination";
const FORMAT: &str = "access_log.format";
const LEVEL: &str = "execution.level";
const DATA_TRACE: &str = "data_trace";
const METRICS: &str = "metrics";

/// The difference as the answer tells it.
pub fn changes(present: &Settings, difference: &Settings) -> Vec<Change> {
    let told = [
        (
            DESTINATION,
            json!(present.destination),
            json!(difference.destination),
        ),
        (FORMAT, json!(present.format), json!(difference.format)),
        (LEVEL, json!(present.level), json!(difference.level)),
        (
            DATA_TRACE,
            json!(present.data_trace),
            json!(difference.data_trace),
        ),
        (METRICS, json!(present.metrics), json!(difference.metrics)),
    ];
    let changed = told.into_iter().filter(|(_, _, to)| !to.is_null());
    changed
        .map(|(setting, from, to)| Change { setting, from, to })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Retention;

    const OURS: &str = "arn:aws:logs:r:1:log-group:/ours/a1/prod";
    const OWNERS: &str = "arn:aws:logs:r:1:log-group:/owners";
    const EXECUTION: &str = "arn:aws:logs:r:1:log-group:API-Gateway-Execution-Logs_a1/prod";

    fn wanted() -> Wanted<'static> {
        Wanted {
            access_group_arn: OURS,
            execution_group: name_in_arn(EXECUTION),
            format: "ours",
            logging: Logging {
                retention: Retention::DEFAULT,
                level: Level::Info,
                data_trace: false,
            },
            metrics: true,
        }
    }

    fn settings(destination: &str, format: &str, level: Level, data_trace: bool, metrics: bool) -> Settings {
        Settings {
            destination: Some(destination.to_owned()),
            format: Some(format.to_owned()),
            level: Some(level),
            data_trace: Some(data_trace),
            metrics: Some(metrics),
        }
    }

    #[track_caller]
    fn check(kind: ApiKind, present: Settings, enforce: bool, expected: &[&str]) {
        let difference = difference(kind, &present, &wanted(), enforce);
        let changed: Vec<&str> = changes(&present, &difference)
            .iter()
            .map(|change| change.setting)
            .collect();
        assert_eq!(changed, expected);
        let after = present.with(&difference);
        assert!(difference.not_found_in(&after).is_empty());
        let again = super::difference(kind, &after, &wanted(), enforce);
        assert!(again.is_empty(), "a second time would change {again:?}");
    }

    #[test]
    fn sets_all_that_nobody_has_set() {
        let all = [DESTINATION, FORMAT, LEVEL, METRICS];
        check(ApiKind::Rest, Settings::default(), false, &all);
        check(ApiKind::WebSocket, Settings::default(), false, &all);
        let off = Settings {
            level: Some(Level::Off),
            data_trace: Some(false),
            metrics: Some(false),
            ..Settings::default()
        };
        check(ApiKind::WebSocket, off, false, &all);
    }

    #[test]
    fn http_apis_have_access_logs_only() {
        check(ApiKind::Http, Settings::default(), false, &[DESTINATION, FORMAT]);
    }

    #[test]
    fn changes_nothing_that_is_right() {
        check(
            ApiKind::Rest,
            settings(OURS, "ours", Level::Info, false, true),
            true,
            &[],
        );
        let with_star = settings(&format!("{OURS}:*"), "ours", Level::Info, false, true);
        check(ApiKind::Rest, with_star, true, &[]);
    }

    #[test]
    fn leaves_what_an_owner_has_set_unless_it_must_not() {
        let own = settings(OWNERS, "own", Level::Error, true, true);
        check(ApiKind::Rest, own.clone(), false, &[]);
        check(
            ApiKind::Rest,
            own,
            true,
            &[DESTINATION, FORMAT, LEVEL, DATA_TRACE],
        );
        let stream = "arn:aws:firehose:r:1:deliverystream/amazon-apigateway-x";
        check(
            ApiKind::Rest,
            settings(stream, "own", Level::Info, false, true),
            false,
            &[],
        );
        check(
            ApiKind::Rest,
            settings(OURS, "own", Level::Info, false, true),
            false,
            &[],
        );
    }

    #[test]
    fn takes_the_access_log_out_of_the_execution_logs_group() {
        let shared = settings(EXECUTION, "own", Level::Info, false, true);
        check(ApiKind::Rest, shared, false, &[DESTINATION]);
    }

    #[test]
    fn tells_what_was_and_what_is() {
        let present = Settings {
            level: Some(Level::Off),
            ..Settings::default()
        };
        let difference = difference(ApiKind::Rest, &present, &wanted(), false);
        let told = serde_json::to_value(changes(&present, &difference)).expect("is JSON");
        assert_eq!(
            told[0],
            json!({"setting": "access_log.destination", "from": null, "to": OURS})
        );
        assert_eq!(
            told[2],
            json!({"setting": "execution.level", "from": "OFF", "to": "INFO"})
        );
        assert_eq!(told[3], json!({"setting": "metrics", "from": null, "to": true}));
    }

    #[test]
    fn notices_what_was_not_written() {
        let written = settings(OURS, "ours", Level::Info, false, true);
        let read = settings(OWNERS, "ours", Level::Off, false, true);
        assert_eq!(written.not_found_in(&read), [DESTINATION, LEVEL]);
    }
}
