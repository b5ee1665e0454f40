//! How much time an invocation has left.

use jiff::Timestamp;
use std::time::{Duration, Instant};

use crate::clock;

/// The moment at which Lambda kills the invocation.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    whole: Duration,
}

impl Deadline {
    /// `deadline_ms` is the runtime's `Lambda-Runtime-Deadline-Ms`, in milliseconds since 1970.
    ///
    /// An emulator may give a deadline in the past (`cargo lambda watch` says 1970): that counts as
    /// unknown, and `fallback` runs from `now` instead, the start of the event.
    pub fn of(deadline_ms: u64, now: Timestamp, fallback: Duration) -> Self {
        let now_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let whole = match deadline_ms.checked_sub(now_ms) {
            None | Some(0) => fallback,
            Some(left_ms) => Duration::from_millis(left_ms),
        };
        Self::after(whole)
    }

    /// A deadline that lies `whole` from now.
    pub fn after(whole: Duration) -> Self {
        Self {
            at: clock::instant() + whole,
            whole,
        }
    }

    /// What is left until then; zero when it has passed.
    pub fn left(&self) -> Duration {
        self.at.saturating_duration_since(clock::instant())
    }

    /// What was left when the event began.
    pub fn whole(&self) -> Duration {
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(deadline_ms: u64, expected_s: u64) {
        let now = Timestamp::from_millisecond(1_800_000_000_000).expect("in range");
        let deadline = Deadline::of(deadline_ms, now, Duration::from_secs(60));
        assert_eq!(deadline.whole(), Duration::from_secs(expected_s));
        assert!(deadline.left() <= deadline.whole());
    }

    #[test]
    fn is_the_runtimes_deadline_minus_now() {
        check(1_800_000_900_000, 900);
    }

    #[test]
    fn counts_from_the_start_of_the_event_where_an_emulators_deadline_lies_in_the_past() {
        check(60_000, 60);
        check(0, 60);
    }
}
