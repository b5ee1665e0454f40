//! The one place that reads the clock; everywhere else time is an argument.

use jiff::Timestamp;
use std::time::Instant;

/// Now, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the lint points to"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Now, on the clock that never jumps: for measuring how long something took.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the lint points to"
)]
pub fn instant() -> Instant {
    Instant::now()
}
