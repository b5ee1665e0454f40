//! How long to wait before trying again.

use std::time::Duration;

/// `first`, twice that, four times … up to `longest`, each between half and whole by chance, so that callers
/// do not come back in step. `attempt` counts from 1.
pub fn before_retry(attempt: u32, first: Duration, longest: Duration) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(longest).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attempt: u32, whole_ms: u64) {
        let pause = before_retry(attempt, Duration::from_millis(200), Duration::from_secs(5));
        let whole = Duration::from_millis(whole_ms);
        assert!(
            whole / 2 <= pause && pause <= whole,
            "{pause:?} after attempt {attempt}"
        );
    }

    #[test]
    fn doubles_from_attempt_to_attempt_up_to_the_longest() {
        check(1, 200);
        check(2, 400);
        check(5, 3_200);
        check(6, 5_000);
        check(u32::MAX, 5_000);
    }
}
