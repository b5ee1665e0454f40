//! The progress of a build, by which events are ordered.

use crate::event::batch::Member;
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
/// Distance between two steps of a batch. Below it are the ranks of builds.
const STEP: u32 = 1000;
/// Steps of a batch until a member is retried: more than the starts and the ends of all members.
const STEPS: u32 = 1000;

impl Rank {
    /// The rank before the first post. No event has it.
    pub(crate) const NOTHING: Self = Self(0);

    /// Returns whether no event can follow.
    pub(crate) fn is_end(self) -> bool {
        self.0 % STEP >= ENDED
    }

    /// Returns the rank of an event with this status, or at the end of this phase.
    pub(crate) fn of(status: Status, completed_phase: Option<&str>) -> Self {
        match (status.is_final(), completed_phase) {
            (true, _) => Self(ENDED),
            (false, Some(name)) => Self(FIRST_PHASE + phase::position(name)),
            (false, None) => Self(STARTED),
        }
    }

    /// Returns the rank of a batch: the starts and the ends of its members so far, then its own end. A retry of a member
    /// begins a new round, after the end of the batch too.
    pub(crate) fn of_batch(status: Status, members: &[Member]) -> Self {
        let retries = members
            .iter()
            .fold(0_u32, |sum, member| sum.saturating_add(member.retries));
        // A batch that CodeBuild no longer knows has no later round.
        let round = match status {
            Status::Unknown => MAX_ROUND,
            _ => retries.min(MAX_ROUND),
        };
        let steps = |member: &Member| u32::from(member.status.is_some()) + u32::from(member.has_ended());
        let step = match status.is_final() {
            true => STEPS - 1,
            false => members.iter().map(steps).sum::<u32>().min(STEPS - 2),
        };
        let progress = if status.is_final() { ENDED } else { STARTED };
        Self((round * STEPS + step) * STEP + progress)
    }
}

/// Last round of a batch that a rank can express.
const MAX_ROUND: u32 = u32::MAX / (STEP * STEPS) - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::batch::tests::member;

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

    #[test]
    fn a_batch_grows_with_the_starts_and_ends_of_its_members_and_their_retries() {
        let (running, failed) = (Status::InProgress, Status::Failed);
        let of = |status, members: &[Option<Status>], retries| {
            let mut members: Vec<Member> = members.iter().map(|status| member("a", *status)).collect();
            members[0].retries = retries;
            Rank::of_batch(status, &members)
        };
        let ranks = [
            Rank::NOTHING,
            of(running, &[Some(running)], 0),
            of(running, &[Some(failed), None], 0),
            of(running, &[Some(failed), Some(running)], 0),
            of(running, &[Some(failed), Some(failed)], 0),
            of(failed, &[Some(failed), Some(failed)], 0),
            // A member is retried after the end of the batch.
            of(running, &[Some(running), Some(failed)], 1),
            of(failed, &[Some(failed), Some(failed)], 1),
            of(running, &[Some(running), Some(failed)], u32::MAX),
            Rank::of_batch(Status::Unknown, &[]),
        ];
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        let ends: Vec<usize> = (0..ranks.len()).filter(|index| ranks[*index].is_end()).collect();
        assert_eq!(ends, [5, 7, 9]);
        let many = vec![Some(failed); 5000];
        assert!(of(running, &many, 0) < of(failed, &many, 0));
    }
}
