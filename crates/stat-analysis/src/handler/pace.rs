//! The time that batches of buildings take, and the time that is left for another one.

use std::time::{Duration, Instant};

use lambda_core::clock;
use lambda_core::deadline::Deadline;

/// Factor by which a batch may be larger than the one before it.
pub(super) const GROWTH: usize = 4;

pub(super) struct Pace {
    deadline: Deadline,
    /// Time that is kept for releasing the claim.
    reserve: Duration,
    slowest: Duration,
    /// Begin and number of texts of the last batch.
    last: Option<(Instant, i64)>,
}

impl Pace {
    /// Keeps a tenth of the total time in reserve, ten seconds at most.
    pub(super) fn new(deadline: Deadline) -> Self {
        let reserve = (deadline.total() / 10).min(Duration::from_secs(10));
        Self {
            deadline,
            reserve,
            slowest: Duration::ZERO,
            last: None,
        }
    }

    /// Returns whether there is time for another batch, of this many texts, and measures the one before it.
    ///
    /// A batch may take half as long again as the slowest so far, and the one before it has to be stored as well. The
    /// first batch of an invocation always begins: otherwise a task with too little time would never make progress.
    pub(super) fn has_time_for(&mut self, texts: i64) -> bool {
        let now = clock::instant();
        let Some((began, last_texts)) = self.last.replace((now, texts)) else {
            return true;
        };
        let growth = ((texts + 1) as f64 / (last_texts + 1) as f64).clamp(1.0, GROWTH as f64);
        self.slowest = self.slowest.max((now - began).mul_f64(growth));
        self.deadline.remaining() > self.slowest * 3 + self.reserve
    }

    /// Returns whether only the reserve is left.
    pub(super) fn is_over(&self) -> bool {
        self.deadline.remaining() <= self.reserve
    }
}
