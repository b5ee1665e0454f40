//! Timestamps and durations in CodeBuild's events.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// CodeBuild's older format, in UTC without an offset: `Sep 1, 2017 4:12:29 PM`; newer versions of Java write a comma
/// after the year.
const AMERICAN: [&str; 2] = ["%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p"];

/// Parses a timestamp: the American format, ISO 8601 with or without an offset (then UTC), or seconds or milliseconds
/// since 1970.
pub(crate) fn parse(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => from_number(number.as_f64()?),
        Value::String(text) => from_text(text),
        _ => None,
    }
}

fn from_number(number: f64) -> Option<Timestamp> {
    // 1e11 is the year 5138 in seconds, and 1973 in milliseconds.
    let milliseconds = if number.abs() < 1e11 {
        number * 1000.0
    } else {
        number
    };
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

fn from_text(text: &str) -> Option<Timestamp> {
    // Newer versions of Java write a narrow no-break space before "PM".
    let text = text.replace(['\u{202f}', '\u{a0}'], " ");
    let text = text.trim();
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    let american = || {
        let formats = AMERICAN.iter();
        formats
            .filter_map(|format| strtime::parse(format, text).ok()?.to_datetime().ok())
            .next()
    };
    let civil: DateTime = text.parse().ok().or_else(american)?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Parses a non-negative number, which may be a float or text, and rounds it.
pub(crate) fn whole_number(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number >= 0.0).then_some(number.round() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value, expected: Option<&str>) {
        let expected: Option<Timestamp> = expected.map(|text| text.parse().expect("a good instant"));
        assert_eq!(parse(&value), expected, "{value}");
    }

    #[test]
    fn parses_every_format_that_codebuild_has_used() {
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
    fn other_values_are_no_timestamp() {
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
    fn numbers_may_be_floats_or_text() {
        assert_eq!(whole_number(&json!(70)), Some(70));
        assert_eq!(whole_number(&json!(70.4)), Some(70));
        assert_eq!(whole_number(&json!("70.0")), Some(70));
        assert_eq!(whole_number(&json!(-1)), None);
        assert_eq!(whole_number(&json!(null)), None);
    }
}
