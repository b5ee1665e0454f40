//! The division of an invocation's remaining time among its uploads.

use std::time::Duration;

/// Returns an even share of `remaining` for the next of `waiting` tasks, `concurrency` of which run side by side.
///
/// Time that quick tasks leave is shared by the tasks after them.
pub(crate) fn time_share(remaining: Duration, waiting: usize, concurrency: usize) -> Duration {
    let rounds = waiting.max(1).div_ceil(concurrency.max(1));
    remaining / u32::try_from(rounds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(waiting: usize, expected_s: u64) {
        assert_eq!(
            time_share(Duration::from_secs(60), waiting, 8),
            Duration::from_secs(expected_s)
        );
    }

    #[test]
    fn tasks_that_all_run_at_once_get_all_the_time() {
        check(1, 60);
        check(8, 60);
    }

    #[test]
    fn tasks_that_wait_get_their_share() {
        check(9, 30);
        check(80, 6);
    }
}
