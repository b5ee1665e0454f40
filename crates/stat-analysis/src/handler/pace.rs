//! The time that buildings take, and the time that is left for another one.

use lambda_core::clock;
use lambda_core::deadline::Deadline;
use std::time::{Duration, Instant};

pub(super) struct Pace {
    deadline: Deadline,
    /// Time that is kept for releasing the claim.
    reserve: Duration,
    slowest: Duration,
    building_began: Option<Instant>,
}

impl Pace {
    /// Keeps a tenth of the total time in reserve, ten seconds at most.
    pub(super) fn new(deadline: Deadline) -> Self {
        let reserve = (deadline.total() / 10).min(Duration::from_secs(10));
        Self {
            deadline,
            reserve,
            slowest: Duration::ZERO,
            building_began: None,
        }
    }

    /// Returns whether there is time for another building, and measures the one before it.
    ///
    /// A building may take half as long again as the slowest so far, and the one before it has to be stored
    /// as well. The first building of an invocation always begins: otherwise a task with too little time
    /// would never make progress.
    pub(super) fn has_time_for_another(&mut self) -> bool {
        let now = clock::instant();
        let Some(began) = self.building_began.replace(now) else {
            return true;
        };
        self.slowest = self.slowest.max(now - began);
        self.deadline.remaining() > self.slowest * 3 + self.reserve
    }
}
