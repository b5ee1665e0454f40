//! The only place that reads the clock; in domain code time is an argument.

use std::time::Instant;

use jiff::Timestamp;

/// Returns the current time in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the lint points to"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Returns the current reading of the monotonic clock, for measuring durations.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the lint points to"
)]
pub fn instant() -> Instant {
    Instant::now()
}
