//! The events that start or resume a month.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lambda_core::invalid_event::InvalidEvent;
use serde_json::{Map, Value};
use stat_ledger::period::Period;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Compute a month.
    Month(MonthRequest),
    /// Invoke the unclaimed tasks of all open runs again. A schedule sends its own instant; a person sends none.
    Resume(Option<Timestamp>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MonthRequest {
    month: MonthSelector,
    pub(crate) scope: Scope,
    /// `true` if the run ends with a mail.
    pub(crate) mail: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum MonthSelector {
    /// The month before the schedule's own instant. The clock is not used, for an event may be late.
    Before(Timestamp),
    Named(Period),
}

/// The part of a month that is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything that is not computed yet.
    Missing,
    /// `"force": true`: all buildings, even if the month is done.
    Everything,
    /// `"failed": true`: the failed buildings of a partial run.
    Failed,
}

const EXPECTED: &str = r#"expected a schedule's event with "time", or {"period":"2026-10"} with "force", "failed" or "mail", or {"resume":true} with "time""#;

const FIELDS: [&str; 6] = ["period", "time", "force", "failed", "mail", "resume"];

impl Event {
    /// Parses the event of an EventBridge rule or of EventBridge Scheduler (its envelope, in which `detail`
    /// may be a string, or `{"time": …}` as input), or one written by hand.
    ///
    /// # Errors
    /// [`InvalidEvent`] with the expected fields.
    pub(crate) fn parse(event: &Value) -> Result<Self, InvalidEvent> {
        let Value::Object(fields) = event else {
            return Err(InvalidEvent::new(EXPECTED));
        };
        check_fields(fields)?;
        if flag(fields, "resume", false)? {
            if fields.keys().any(|field| field != "resume" && field != "time") {
                return Err(InvalidEvent::new(
                    r#""resume" takes no other field than "time": it resumes every open month"#,
                ));
            }
            return fields.get("time").map(parse_time).transpose().map(Self::Resume);
        }
        Ok(Self::Month(MonthRequest {
            month: parse_month(fields)?,
            scope: parse_scope(fields)?,
            mail: flag(fields, "mail", true)?,
        }))
    }
}

impl MonthRequest {
    /// Returns the requested period. The months are those of `zone`.
    ///
    /// # Errors
    /// [`InvalidEvent`] when the time is not in the years from 1900 to 9998.
    pub(crate) fn period(&self, zone: &TimeZone) -> Result<Period, InvalidEvent> {
        match self.month {
            MonthSelector::Before(instant) => Period::before(instant, zone)
                .map_err(|_| InvalidEvent::new(r#"expected "time" to be in the years from 1900 to 9998"#)),
            MonthSelector::Named(period) => Ok(period),
        }
    }
}

/// Refuses other services' events and unknown fields. An envelope of AWS has fields of its own; in an event
/// written by hand, an unknown field is a typing error that would change the meaning of the event.
fn check_fields(fields: &Map<String, Value>) -> Result<(), InvalidEvent> {
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
    Ok(())
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

fn flag(fields: &Map<String, Value>, name: &str, default: bool) -> Result<bool, InvalidEvent> {
    match fields.get(name) {
        None => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(InvalidEvent::new(format!(
            r#"expected "{name}" to be true or false"#
        ))),
    }
}

fn parse_month(fields: &Map<String, Value>) -> Result<MonthSelector, InvalidEvent> {
    match (fields.get("period"), fields.get("time")) {
        (Some(period), None) => {
            let period = period.as_str().unwrap_or_default().parse();
            period
                .map(MonthSelector::Named)
                .map_err(|error| InvalidEvent::new(format!(r#""period" is malformed: {error}"#)))
        }
        (None, Some(time)) => parse_time(time).map(MonthSelector::Before),
        _ => Err(InvalidEvent::new(EXPECTED)),
    }
}

fn parse_time(time: &Value) -> Result<Timestamp, InvalidEvent> {
    let time = time.as_str().unwrap_or_default().parse();
    time.map_err(|_| InvalidEvent::new(r#"expected "time" to be an instant like 2026-10-31T16:00:00Z"#))
}

fn parse_scope(fields: &Map<String, Value>) -> Result<Scope, InvalidEvent> {
    match (flag(fields, "force", false)?, flag(fields, "failed", false)?) {
        (false, false) => Ok(Scope::Missing),
        (true, false) => Ok(Scope::Everything),
        (false, true) => Ok(Scope::Failed),
        (true, true) => Err(InvalidEvent::new(r#"expected "force" or "failed", not both"#)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixture(case: &str) -> Value {
        local_stack::event("stat-prep", case)
    }

    fn seoul() -> TimeZone {
        TimeZone::get("Asia/Seoul").expect("the zone is bundled")
    }

    #[track_caller]
    fn check(case: &str, period: &str, scope: Scope, mail: bool) {
        let Ok(Event::Month(request)) = Event::parse(&fixture(case)) else {
            panic!("{case} requests a month")
        };
        let requested = request.period(&seoul()).expect("in bounds").to_string();
        assert_eq!(
            (requested.as_str(), request.scope, request.mail),
            (period, scope, mail)
        );
    }

    #[track_caller]
    fn refuses(event: Value, because: &str) {
        let error = Event::parse(&event).expect_err("an invalid event").to_string();
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn parses_the_event_of_a_rule() {
        check("scheduled-rule", "2026-10", Scope::Missing, true);
    }

    #[test]
    fn parses_an_envelope_of_the_scheduler_with_a_string_as_detail() {
        check("scheduler-envelope", "2026-10", Scope::Missing, true);
    }

    #[test]
    fn parses_an_input_of_the_scheduler() {
        check("scheduler-time", "2026-10", Scope::Missing, true);
    }

    #[test]
    fn parses_events_written_by_hand() {
        check("period", "2026-10", Scope::Missing, true);
        check("force", "2026-10", Scope::Everything, true);
        check("failed", "2026-10", Scope::Failed, true);
        check("without-mail", "2026-10", Scope::Missing, false);
        assert_eq!(
            Event::parse(&fixture("resume")).expect("a valid event"),
            Event::Resume(None)
        );
        let time = "2026-10-31T16:00:00Z".parse().expect("an instant");
        assert_eq!(
            Event::parse(&fixture("scheduled-resume")).expect("a valid event"),
            Event::Resume(Some(time))
        );
    }

    #[test]
    fn refuses_events_of_other_sources() {
        let upload =
            json!({"source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-01T00:00:00Z"});
        refuses(upload, "events of other sources start no month");
    }

    #[test]
    fn refuses_a_time_outside_the_calendar() {
        for time in [
            "-009999-01-02T02:00:00Z",
            "1812-01-01T00:00:00Z",
            "9999-12-30T00:00:00Z",
        ] {
            let Ok(Event::Month(request)) = Event::parse(&json!({"time": time})) else {
                panic!("{time} is an instant")
            };
            assert!(request.period(&seoul()).is_err(), "{time}");
        }
    }

    #[test]
    fn refuses_any_other_event_with_the_expected_fields() {
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
        refuses(
            json!({"resume": true, "period": "2026-10"}),
            "takes no other field than",
        );
        for nothing in [json!({}), json!([]), json!("2026-10"), json!(null)] {
            refuses(nothing, "expected a schedule's event");
        }
    }
}
