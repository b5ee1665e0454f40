//! The delay before a retry: exponential backoff with jitter.

use std::time::Duration;

/// Returns the delay after the failed `attempt`, which counts from 1.
///
/// The delay starts at `first` and doubles with each attempt up to `longest`. Jitter picks a random value between half
/// of it and the whole, so that callers that failed together do not retry together.
pub fn delay(attempt: u32, first: Duration, longest: Duration) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(longest).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attempt: u32, whole_ms: u64) {
        let delay = delay(attempt, Duration::from_millis(200), Duration::from_secs(5));
        let whole = Duration::from_millis(whole_ms);
        assert!(
            whole / 2 <= delay && delay <= whole,
            "{delay:?} after attempt {attempt}"
        );
    }

    #[test]
    fn doubles_with_each_attempt_up_to_the_longest_delay() {
        check(1, 200);
        check(2, 400);
        check(5, 3_200);
        check(6, 5_000);
        check(u32::MAX, 5_000);
    }
}
