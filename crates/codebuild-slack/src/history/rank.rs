//! The progress of a build, by which events are ordered.

use crate::event::phase;
use crate::event::status::Status;

/// The progress of a build at an event. A message never goes back to a smaller rank.
///
/// EventBridge does not keep the order of events, and their timestamps have whole seconds, in which several phases may
/// end. So the rank comes from the content of the event: start, phases in their order, end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u32);

const STARTED: u32 = 1;
const FIRST_PHASE: u32 = 10;
const ENDED: u32 = 100;

impl Rank {
    /// The rank before the first post. No event has it.
    pub(crate) const NOTHING: Self = Self(0);

    /// Returns whether no event can follow.
    pub(crate) fn is_end(self) -> bool {
        self.0 >= ENDED
    }

    /// Returns the rank of an event with this status, or at the end of this phase.
    pub(crate) fn of(status: Status, completed_phase: Option<&str>) -> Self {
        match (status.is_final(), completed_phase) {
            (true, _) => Self(ENDED),
            (false, Some(name)) => Self(FIRST_PHASE + phase::position(name)),
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
            Rank::of(Status::InProgress, Some("UNKNOWN_PHASE")),
            Rank::of(Status::InProgress, Some("SUBMITTED")),
            Rank::of(Status::InProgress, Some("BUILD")),
            Rank::of(Status::InProgress, Some("COMPLETED")),
            Rank::of(Status::Failed, None),
        ];
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    }

    #[test]
    fn every_final_status_has_the_same_rank() {
        for status in Status::ALL.into_iter().filter(|status| status.is_final()) {
            assert_eq!(Rank::of(status, None), Rank(ENDED));
        }
    }
}
