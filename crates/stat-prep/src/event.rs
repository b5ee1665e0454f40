//! What wakes the function.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lambda_core::invalid_event::InvalidEvent;
use serde_json::{Map, Value};
use stat_ledger::period::Period;

/// An event, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Compute a month.
    Month(Month),
    /// Hand out again what nobody works on.
    Resume,
}

/// The month that an event asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// Which one.
    pub which: Which,
    /// Everything anew, or only a part.
    pub scope: Scope,
    /// Whether it ends with a mail.
    pub mail: bool,
}

/// How an event names its month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The month before the schedule's own instant; the clock has no say, for an event may be late.
    Before(Timestamp),
    /// By name.
    Named(Period),
}

/// How much of a month is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What is not done yet.
    Missing,
    /// `"force": true`: all of it, also when it is done.
    Everything,
    /// `"failed": true`: the buildings whose analysis failed.
    Failed,
}

const EXPECTED: &str = r#"expected a schedule's event with "time", or {"period":"2026-10"} with "force", "failed" or "mail", or {"resume":true}"#;

impl Event {
    /// Understands an EventBridge rule's event, a Scheduler's (its envelope, whose `detail` may be a
    /// string, or `{"time": …}` as input), or one written by hand.
    ///
    /// # Errors
    /// [`InvalidEvent`], which says what was expected.
    pub fn parse(event: &Value) -> Result<Self, InvalidEvent> {
        let Value::Object(fields) = event else {
            return Err(InvalidEvent::new(EXPECTED));
        };
        // An envelope of AWS has fields of its own; a word in an event written by hand that we do not know
        // is a typing error which would change what the event means.
        let is_envelope = fields.contains_key("detail-type") || fields.contains_key("source");
        if is_envelope && !is_schedule(fields) {
            return Err(InvalidEvent::new(format!(
                "{EXPECTED}; events of other sources start no month"
            )));
        }
        if !is_envelope && fields.keys().any(|field| !FIELDS.contains(&field.as_str())) {
            return Err(InvalidEvent::new(format!(
                "{EXPECTED}; the only fields are {}",
                FIELDS.join(", ")
            )));
        }
        if flag(fields, "resume", false)? {
            return if fields.len() == 1 {
                Ok(Self::Resume)
            } else {
                Err(InvalidEvent::new(
                    r#""resume" stands alone: it concerns every open month"#,
                ))
            };
        }
        let which = match (fields.get("period"), fields.get("time")) {
            (Some(period), None) => Which::Named(parse_period(period)?),
            (None, Some(time)) => Which::Before(parse_time(time)?),
            _ => return Err(InvalidEvent::new(EXPECTED)),
        };
        let scope = match (flag(fields, "force", false)?, flag(fields, "failed", false)?) {
            (false, false) => Scope::Missing,
            (true, false) => Scope::Everything,
            (false, true) => Scope::Failed,
            (true, true) => return Err(InvalidEvent::new(r#"expected "force" or "failed", not both"#)),
        };
        Ok(Self::Month(Month {
            which,
            scope,
            mail: flag(fields, "mail", true)?,
        }))
    }
}

impl Month {
    /// The period that is meant, months being those of `zone`.
    ///
    /// # Errors
    /// [`InvalidEvent`] for a time that is out of all bounds.
    pub fn period(&self, zone: &TimeZone) -> Result<Period, InvalidEvent> {
        match self.which {
            Which::Before(instant) => Period::before(instant, zone)
                .map_err(|_| InvalidEvent::new(r#"expected "time" to be in the years from 1900 to 9998"#)),
            Which::Named(period) => Ok(period),
        }
    }
}

fn is_schedule(fields: &Map<String, Value>) -> bool {
    let is = |field, values: &[&str]| {
        fields
            .get(field)
            .and_then(Value::as_str)
            .is_some_and(|value| values.contains(&value))
    };
    is("source", &["aws.events", "aws.scheduler"]) || is("detail-type", &["Scheduled Event"])
}

const FIELDS: [&str; 6] = ["period", "time", "force", "failed", "mail", "resume"];

fn flag(fields: &Map<String, Value>, name: &str, default: bool) -> Result<bool, InvalidEvent> {
    match fields.get(name) {
        None => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(InvalidEvent::new(format!(
            r#"expected "{name}" to be true or false"#
        ))),
    }
}

fn parse_period(period: &Value) -> Result<Period, InvalidEvent> {
    let period = period.as_str().unwrap_or_default().parse();
    period.map_err(|error| InvalidEvent::new(format!(r#"expected "period" to be right: {error}"#)))
}

fn parse_time(time: &Value) -> Result<Timestamp, InvalidEvent> {
    let time = time.as_str().unwrap_or_default().parse();
    time.map_err(|_| InvalidEvent::new(r#"expected "time" to be an instant like 2026-10-31T16:00:00Z"#))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixture(case: &str) -> Value {
        let path = format!(
            "{}/../../events/stat-prep/{case}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).expect("a fixture is JSON")
    }

    #[track_caller]
    fn check(event: Value, period: &str, scope: Scope, mail: bool) {
        let Event::Month(month) = Event::parse(&event).expect("a good event") else {
            panic!("asks for a month")
        };
        let zone = TimeZone::get("Asia/Seoul").expect("the zone is bundled");
        assert_eq!(
            (
                month.period(&zone).expect("in bounds").to_string().as_str(),
                month.scope,
                month.mail
            ),
            (period, scope, mail)
        );
    }

    #[track_caller]
    fn refuses(event: Value, because: &str) {
        let error = Event::parse(&event).expect_err("a bad event").to_string();
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn understands_a_rules_event() {
        check(fixture("scheduled-rule"), "2026-10", Scope::Missing, true);
    }

    #[test]
    fn understands_a_schedulers_envelope_whose_detail_is_a_string() {
        check(fixture("scheduler-envelope"), "2026-10", Scope::Missing, true);
    }

    #[test]
    fn understands_a_schedulers_input() {
        check(fixture("scheduler-time"), "2026-10", Scope::Missing, true);
    }

    #[test]
    fn understands_what_people_write() {
        check(fixture("period"), "2026-10", Scope::Missing, true);
        check(fixture("force"), "2026-10", Scope::Everything, true);
        check(fixture("failed"), "2026-10", Scope::Failed, true);
        check(fixture("without-mail"), "2026-10", Scope::Missing, false);
        assert_eq!(
            Event::parse(&fixture("resume")).expect("a good event"),
            Event::Resume
        );
    }

    #[test]
    fn refuses_events_of_other_sources() {
        let upload =
            json!({"source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-01T00:00:00Z"});
        refuses(upload, "events of other sources start no month");
    }

    #[test]
    fn refuses_a_time_out_of_all_bounds() {
        let zone = TimeZone::get("Asia/Seoul").expect("the zone is bundled");
        for time in [
            "-009999-01-02T02:00:00Z",
            "1812-01-01T00:00:00Z",
            "9999-12-30T00:00:00Z",
        ] {
            let Ok(Event::Month(month)) = Event::parse(&json!({"time": time})) else {
                panic!("it is an instant")
            };
            assert!(month.period(&zone).is_err(), "{time}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_understand_and_says_what_it_expects() {
        refuses(json!({"period": "2026-13"}), "a month written like 2026-10");
        refuses(json!({"period": 202610}), "a month written like 2026-10");
        refuses(
            json!({"time": "<aws.scheduler.scheduled-time>"}),
            "an instant like",
        );
        refuses(
            json!({"period": "2026-10", "forced": true}),
            "the only fields are period, time, force",
        );
        refuses(
            json!({"period": "2026-10", "force": "yes"}),
            r#"expected "force" to be true or false"#,
        );
        refuses(
            json!({"period": "2026-10", "force": true, "failed": true}),
            "not both",
        );
        refuses(
            json!({"period": "2026-10", "time": "2026-11-01T00:00:00Z"}),
            "expected a schedule's event",
        );
        refuses(json!({"resume": true, "period": "2026-10"}), "stands alone");
        for nothing in [json!({}), json!([]), json!("2026-10"), json!(null)] {
            refuses(nothing, "expected a schedule's event");
        }
    }
}
