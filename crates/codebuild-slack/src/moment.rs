//! Times and durations as CodeBuild writes them, and as people read them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use serde_json::Value;

/// The older form, in UTC without saying so: `Sep 1, 2017 4:12:29 PM`; newer Java writes a comma after the year.
const AMERICAN: [&str; 2] = ["%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p"];

/// An instant: the American form, ISO 8601 with or without a zone (then UTC), or seconds or milliseconds since 1970.
pub fn parse(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => from_number(number.as_f64()?),
        Value::String(text) => from_text(text),
        _ => None,
    }
}

fn from_number(number: f64) -> Option<Timestamp> {
    // The year 5138 in seconds, 1973 in milliseconds.
    let milliseconds = if number.abs() < 1e11 {
        number * 1000.0
    } else {
        number
    };
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

fn from_text(text: &str) -> Option<Timestamp> {
    // Newer Java writes a narrow space before "PM".
    let text = text.replace(['\u{202f}', '\u{a0}'], " ");
    let text = text.trim();
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let american = || {
        let forms = AMERICAN.iter();
        forms
            .filter_map(|form| strtime::parse(form, text).ok()?.to_datetime().ok())
            .next()
    };
    let civil: DateTime = text.parse().ok().or_else(american)?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A number of seconds, which may come as a float or a text; never negative.
pub fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number >= 0.0).then_some(number.round() as u64)
}

/// `2017-09-02 01:12:29 KST`
pub fn shown(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(value: Value, expected: Option<&str>) {
        let expected: Option<Timestamp> = expected.map(|text| text.parse().expect("a good instant"));
        assert_eq!(parse(&value), expected, "{value}");
    }

    #[test]
    fn are_understood_in_every_form_that_codebuild_has_used() {
        let instant = Some("2017-09-01T16:12:29Z");
        check(json!("Sep 1, 2017 4:12:29 PM"), instant);
        check(json!("Sep 1, 2017, 4:12:29 PM"), instant);
        check(json!("Sep 1, 2017, 4:12:29\u{202f}PM"), instant);
        check(json!("Sep 01, 2017 04:12:29 PM"), instant);
        check(json!("Sep 1, 2017 4:12:29\u{202f}PM"), instant);
        check(json!("2017-09-01T16:12:29Z"), instant);
        check(json!("2017-09-02T01:12:29+09:00"), instant);
        check(json!("2017-09-01T16:12:29"), instant);
        check(json!("2017-09-01 16:12:29.000"), instant);
        check(json!(1_504_282_349), instant);
        check(json!(1_504_282_349.0), instant);
        check(json!(1_504_282_349_000_u64), instant);
        check(json!("Sep 1, 2017 12:12:29 AM"), Some("2017-09-01T00:12:29Z"));
    }

    #[test]
    fn are_none_where_they_are_no_time() {
        for value in [
            json!("yesterday"),
            json!(""),
            json!(null),
            json!({}),
            json!(1e300),
        ] {
            check(value, None);
        }
    }

    #[test]
    fn are_shown_in_the_readers_zone() {
        let instant: Timestamp = "2017-09-01T16:12:29Z".parse().expect("a good instant");
        let zone = TimeZone::get("Asia/Seoul").expect("it is bundled");
        assert_eq!(shown(instant, &zone), "2017-09-02 01:12:29 KST");
    }

    #[test]
    fn durations_may_be_floats_and_texts() {
        assert_eq!(seconds(&json!(70)), Some(70));
        assert_eq!(seconds(&json!(70.4)), Some(70));
        assert_eq!(seconds(&json!("70.0")), Some(70));
        assert_eq!(seconds(&json!(-1)), None);
        assert_eq!(seconds(&json!(null)), None);
    }
}
