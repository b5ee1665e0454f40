//! How far a build is: what makes one event older than another.

use crate::phase;
use crate::status::Status;

/// Larger is later. A message never goes from a larger rank back to a smaller one.
///
/// EventBridge keeps no order, and the clock of events has whole seconds, in which several phases end. So it is what
/// an event says that counts: started, the phases in their order, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(pub u32);

const STARTED: u32 = 1;
const FIRST_PHASE: u32 = 10;
const ENDED: u32 = 100;

impl Rank {
    /// No event has this rank: nothing is posted yet.
    pub const NOTHING: Self = Self(0);

    /// Of an event with this status, which may tell the end of a phase.
    pub fn of(status: Status, completed_phase: Option<&str>) -> Self {
        match (status.is_final(), completed_phase) {
            (true, _) => Self(ENDED),
            (false, Some(name)) => Self(FIRST_PHASE + phase::place(name)),
            (false, None) => Self(STARTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_from_the_start_through_the_phases_to_the_end() {
        let ranks = [
            Rank::NOTHING,
            Rank::of(Status::InProgress, None),
            Rank::of(Status::InProgress, Some("NEW_TO_US")),
            Rank::of(Status::InProgress, Some("SUBMITTED")),
            Rank::of(Status::InProgress, Some("BUILD")),
            Rank::of(Status::InProgress, Some("COMPLETED")),
            Rank::of(Status::Failed, None),
        ];
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    }

    #[test]
    fn all_ends_have_the_same() {
        let ends = Status::ALL.into_iter().filter(|status| status.is_final());
        for end in ends {
            assert_eq!(Rank::of(end, None), Rank(ENDED));
        }
    }
}
