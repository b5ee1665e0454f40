//! How much of the time left one of several pieces of work may take.

use std::time::Duration;

/// An even share of `left` for the next of `waiting` pieces of work, `at_once` of which are done side by side:
/// what the quick ones leave over is shared by those behind them.
pub fn share(left: Duration, waiting: usize, at_once: usize) -> Duration {
    let rounds = waiting.max(1).div_ceil(at_once.max(1));
    left / u32::try_from(rounds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(waiting: usize, expected_s: u64) {
        assert_eq!(
            share(Duration::from_secs(60), waiting, 8),
            Duration::from_secs(expected_s)
        );
    }

    #[test]
    fn whoever_has_a_place_takes_all_the_time() {
        check(1, 60);
        check(8, 60);
    }

    #[test]
    fn those_who_wait_get_their_share() {
        check(9, 30);
        check(80, 6);
    }
}
