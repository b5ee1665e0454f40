//! The remaining time of an invocation.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::clock;

/// The moment at which Lambda ends the invocation, or an earlier one that the function set itself.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    total: Duration,
}

impl Deadline {
    /// Converts the runtime's `Lambda-Runtime-Deadline-Ms`, in milliseconds since 1970.
    ///
    /// An emulator may report a deadline in the past (`cargo lambda watch` reports 1970). It counts as unknown, and
    /// the deadline lies `fallback` after `now`, the start of the event.
    pub fn from_runtime(deadline_ms: u64, now: Timestamp, fallback: Duration) -> Self {
        let now_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
        match deadline_ms.checked_sub(now_ms) {
            None | Some(0) => Self::after(fallback),
            Some(remaining_ms) => Self::after(Duration::from_millis(remaining_ms)),
        }
    }

    /// Sets a deadline that lies `total` from now.
    pub fn after(total: Duration) -> Self {
        Self {
            at: clock::instant() + total,
            total,
        }
    }

    /// Returns the time until the deadline; zero after it.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(clock::instant())
    }

    /// Returns the time that remained when the deadline was set.
    pub fn total(&self) -> Duration {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(deadline_ms: u64, expected_s: u64) {
        let now = Timestamp::from_millisecond(1_800_000_000_000).expect("in range");
        let deadline = Deadline::from_runtime(deadline_ms, now, Duration::from_secs(60));
        assert_eq!(deadline.total(), Duration::from_secs(expected_s));
        assert!(deadline.remaining() <= deadline.total());
    }

    #[test]
    fn total_is_the_runtimes_deadline_minus_now() {
        check(1_800_000_900_000, 900);
    }

    #[test]
    fn a_deadline_in_the_past_is_replaced_by_the_fallback() {
        check(60_000, 60);
        check(0, 60);
    }
}
