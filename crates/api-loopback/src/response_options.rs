//! Options with which a request shapes its response, to try how a gateway or a client handles it.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::config::Limits;
use crate::rejected_request::RejectedRequest;

/// Final statuses; one below 200 announces another response.
const STATUSES: RangeInclusive<u64> = 200..=599;
/// Time to keep for the response itself.
const RESERVE: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResponseOptions {
    /// Value of `status`, 200 by default.
    pub(crate) status: u16,
    /// Value of `delay_ms`.
    pub(crate) delay: Duration,
    /// Value of `bytes`: the least size of the echo.
    pub(crate) bytes: usize,
}

impl ResponseOptions {
    /// Parses an object with `status`, `delay_ms` and `bytes`, each a number or a text. Any other value has no options.
    /// `remaining` is the rest of the invocation's time.
    pub(crate) fn parse(
        values: &Value,
        limits: Limits,
        remaining: Duration,
    ) -> Result<Self, RejectedRequest> {
        let time_left_ms = remaining.saturating_sub(RESERVE).as_millis();
        let time_left_ms = u64::try_from(time_left_ms).unwrap_or(u64::MAX);
        let max_delay_ms = time_left_ms.min(limits.delay_ms);
        let delay_bound = match time_left_ms < limits.delay_ms {
            true => ", the rest of the function's time",
            false => ", the value of MAX_DELAY_MS",
        };
        let status = number(values, "status", STATUSES, "")?.unwrap_or(200);
        let delay_ms = number(values, "delay_ms", 0..=max_delay_ms, delay_bound)?.unwrap_or(0);
        let bytes = number(values, "bytes", 0..=limits.bytes, ", the value of MAX_BYTES")?.unwrap_or(0);
        Ok(Self {
            // The bounds of both fit into their types.
            status: u16::try_from(status).unwrap_or(200),
            delay: Duration::from_millis(delay_ms),
            bytes: usize::try_from(bytes).unwrap_or(0),
        })
    }
}

/// Reads one option. `origin` tells where its upper bound comes from.
fn number(
    values: &Value,
    name: &str,
    bounds: RangeInclusive<u64>,
    origin: &str,
) -> Result<Option<u64>, RejectedRequest> {
    let number = match &values[name] {
        Value::Null => return Ok(None),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        value => value.as_u64(),
    };
    if let Some(number) = number.filter(|number| bounds.contains(number)) {
        return Ok(Some(number));
    }
    Err(RejectedRequest::bad_request(format!(
        "{name}: expected a whole number from {} to {}{origin}",
        bounds.start(),
        bounds.end(),
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REMAINING: Duration = Duration::from_secs(30);
    const LIMITS: Limits = Limits {
        bytes: 1_000_000,
        delay_ms: 5_000,
    };

    #[track_caller]
    fn check(values: Value, status: u16, delay_ms: u64, bytes: usize) {
        let expected = ResponseOptions {
            status,
            delay: Duration::from_millis(delay_ms),
            bytes,
        };
        assert_eq!(
            ResponseOptions::parse(&values, LIMITS, REMAINING),
            Ok(expected),
            "{values}"
        );
    }

    #[test]
    fn parses_texts_and_numbers() {
        check(
            json!({"status": "503", "delay_ms": "100", "bytes": "5000"}),
            503,
            100,
            5000,
        );
        check(
            json!({"status": 204, "delay_ms": 5_000, "bytes": 0}),
            204,
            5_000,
            0,
        );
        check(json!({"status": 599, "bytes": 1_000_000}), 599, 0, 1_000_000);
    }

    #[test]
    fn other_values_have_no_options() {
        for other in [
            json!(null),
            json!({}),
            json!([404]),
            json!("404"),
            json!({"Status": "404"}),
        ] {
            check(other, 200, 0, 0);
        }
    }

    #[track_caller]
    fn check_rejected(values: Value, expected: &str) {
        let rejected = ResponseOptions::parse(&values, LIMITS, REMAINING).expect_err("out of bounds");
        assert_eq!(rejected.status, 400);
        assert!(rejected.message.contains(expected), "{values}: {rejected}");
    }

    #[test]
    fn rejects_values_out_of_bounds_and_names_the_bounds() {
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
            check_rejected(
                json!({"status": status}),
                "status: expected a whole number from 200 to 599",
            );
        }
        check_rejected(
            json!({"delay_ms": 5_001}),
            "delay_ms: expected a whole number from 0 to 5000, the value of MAX_DELAY_MS",
        );
        check_rejected(
            json!({"bytes": "1000001"}),
            "bytes: expected a whole number from 0 to 1000000, the value of MAX_BYTES",
        );
    }

    #[test]
    fn allows_no_delay_without_remaining_time() {
        let parse = |delay_ms| ResponseOptions::parse(&json!({"delay_ms": delay_ms}), LIMITS, Duration::ZERO);
        assert_eq!(parse(0).map(|options| options.delay), Ok(Duration::ZERO));
        let rejected = parse(1).expect_err("no time is left");
        assert!(
            rejected.message.contains("the rest of the function's time"),
            "{rejected}"
        );
    }
}
