//! How a request wants its answer, for trying what a gateway makes of it.

use serde_json::Value;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::refusal::Refusal;

/// Final statuses; those below 200 announce another answer.
const STATUSES: RangeInclusive<u64> = 200..=599;
/// Lambda's answers end at 6 MB, and a proxy's body is quoted in its.
const MOST_BYTES: u64 = 6_000_000;
/// What must be left of the function's time for the answer itself.
const RESERVE: Duration = Duration::from_millis(500);

/// What is asked of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// `status`, 200 where nothing is said.
    pub status: u16,
    /// `delay_ms`.
    pub delay: Duration,
    /// `bytes`: the answer is filled up to it.
    pub bytes: usize,
}

impl Wishes {
    /// From an object with `status`, `delay_ms` and `bytes`, as numbers or as texts; anything else asks for
    /// nothing. `left` is what is left of the function's time.
    ///
    /// # Errors
    /// For what is no whole number within its bounds.
    pub fn parse(parameters: &Value, left: Duration) -> Result<Self, Refusal> {
        let longest = left.saturating_sub(RESERVE).as_millis();
        let longest = u64::try_from(longest).unwrap_or(u64::MAX);
        let status = number(parameters, "status", STATUSES)?.unwrap_or(200);
        let delay_ms = number(parameters, "delay_ms", 0..=longest)?.unwrap_or(0);
        let bytes = number(parameters, "bytes", 0..=MOST_BYTES)?.unwrap_or(0);
        Ok(Self {
            // Both are within bounds that fit.
            status: u16::try_from(status).unwrap_or(200),
            delay: Duration::from_millis(delay_ms),
            bytes: usize::try_from(bytes).unwrap_or(0),
        })
    }
}

fn number(parameters: &Value, name: &str, bounds: RangeInclusive<u64>) -> Result<Option<u64>, Refusal> {
    let number = match &parameters[name] {
        Value::Null => return Ok(None),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        value => value.as_u64(),
    };
    match number {
        Some(number) if bounds.contains(&number) => Ok(Some(number)),
        _ => Err(Refusal::bad_request(format!(
            "{name}: expected a whole number from {} to {}{}",
            bounds.start(),
            bounds.end(),
            // The bound that is another one each time.
            if name == "delay_ms" {
                ", what is left of the function's time"
            } else {
                ""
            }
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LEFT: Duration = Duration::from_secs(30);

    #[track_caller]
    fn check(parameters: Value, status: u16, delay_ms: u64, bytes: usize) {
        let expected = Wishes {
            status,
            delay: Duration::from_millis(delay_ms),
            bytes,
        };
        assert_eq!(Wishes::parse(&parameters, LEFT), Ok(expected), "{parameters}");
    }

    #[test]
    fn asks_in_texts_and_in_numbers() {
        check(
            json!({"status": "503", "delay_ms": "100", "bytes": "5000"}),
            503,
            100,
            5000,
        );
        check(
            json!({"status": 204, "delay_ms": 29_500, "bytes": 0}),
            204,
            29_500,
            0,
        );
        check(json!({"status": 599, "bytes": 6_000_000}), 599, 0, 6_000_000);
    }

    #[test]
    fn whatever_else_there_is_asks_for_nothing() {
        for nothing in [
            json!(null),
            json!({}),
            json!([404]),
            json!("404"),
            json!({"Status": "404"}),
        ] {
            check(nothing, 200, 0, 0);
        }
    }

    #[track_caller]
    fn check_refused(parameters: Value, expected: &str) {
        let refusal = Wishes::parse(&parameters, LEFT).expect_err("it is out of bounds");
        assert_eq!(refusal.status, 400);
        assert!(refusal.message.contains(expected), "{parameters}: {refusal}");
    }

    #[test]
    fn refuses_what_is_out_of_bounds_and_says_them() {
        for status in [
            json!("100"),
            json!("199"),
            json!("600"),
            json!(-1),
            json!(404.5),
            json!("0x1f"),
            json!("404,503"),
            json!(""),
            json!("٤٠٤"),
            json!("18446744073709551616"),
            json!([404]),
            json!(true),
        ] {
            check_refused(
                json!({"status": status}),
                "status: expected a whole number from 200 to 599",
            );
        }
        check_refused(
            json!({"delay_ms": 29_501}),
            "delay_ms: expected a whole number from 0 to 29500, what is left of",
        );
        check_refused(
            json!({"bytes": "6000001"}),
            "bytes: expected a whole number from 0 to 6000000",
        );
    }

    #[test]
    fn with_no_time_left_there_is_no_delay() {
        let wishes = Wishes::parse(&json!({"delay_ms": 0}), Duration::ZERO);
        assert_eq!(wishes.map(|wishes| wishes.delay), Ok(Duration::ZERO));
        assert!(Wishes::parse(&json!({"delay_ms": 1}), Duration::ZERO).is_err());
    }
}
