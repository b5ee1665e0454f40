//! The record of a build's message, and the decision about an event's next step.
//!
//! There is one record per build. Its ranks state the progress that events have reported (`wanted`) and the progress that
//! the message in Slack shows (`posted`). The rules, and the accident that each prevents:
//!
//! - An event raises `wanted`, together with the message for it, before any call to Slack. So a later invocation finds the
//!   message to post, and an environment that dies loses nothing: the event is delivered again.
//! - `posted` is set only after Slack's `ok`. An event is a duplicate only if `posted` has reached its rank. If
//!   its first attempt died between record and Slack, it is no duplicate.
//! - Only the holder of the record's lease calls Slack, for the first post and for updates. So two environments never post
//!   the same first message, and a slow update never arrives after a newer one and moves the message backwards.
//! - The write that releases the lease returns the record, and the former holder delivers a revision that was recorded
//!   meanwhile. So an event that finds the lease held only needs to raise `wanted`. It still waits until its rank is
//!   posted, because the holder may have died. It takes over a lease that has run out. If its own time ends earlier, it
//!   fails and is delivered again.
//! - A post is counted before it begins, and no more than [`POSTS`] of a revision remain without a response. Slack posts a
//!   message and responds late, or not at all: without the limit, each repetition would be another copy.
//! - A reply in the thread is recorded with the final revision, and posted under the lease after the message. It stays in
//!   the record until Slack has accepted it, so that a crash loses no reply. Its posts are counted like those of a message.
//! - An expired record counts as absent, whether DynamoDB has deleted it yet or not.

use jiff::Timestamp;

use super::rank::Rank;
use crate::function_response::{MessageLocation, SkipReason};
use crate::message::{Message, Reply};

/// Posts of one revision without a response, after which the message counts as posted.
pub(crate) const POSTS: u32 = 2;

/// The record of a build's message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The newest revision that an event has recorded.
    pub(crate) wanted: Revision,
    /// Rank that the message in Slack shows.
    pub(crate) posted: Rank,
    /// Location of the message, once it is posted.
    pub(crate) location: Option<MessageLocation>,
    /// Posts of the wanted revision, or of its reply, that were begun and have no response.
    pub(crate) unanswered: u32,
    pub(crate) lease: Option<Lease>,
}

/// A revision of the message, as one event determines it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Revision {
    pub(crate) rank: Rank,
    pub(crate) message: Message,
    /// Reply in the thread of the message, until it is posted: Slack notifies nobody of an update.
    pub(crate) reply: Option<Reply>,
    /// Channel for the first post. Later revisions do not move the message.
    pub(crate) channel: String,
    /// Permission to post a new message, beside updating an existing one.
    pub(crate) may_post: bool,
    /// Time at which the record expires.
    pub(crate) expires: Timestamp,
}

/// The exclusive right to call Slack for a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) owner: String,
    pub(crate) until: Timestamp,
}

/// The outcome of a conditional write.
#[derive(Clone, Debug)]
pub(crate) enum WriteOutcome {
    /// The write took effect; this is the record after it.
    Applied(Record),
    /// The condition did not hold; this is the current record.
    Conflict(Option<Record>),
}

/// The rank that one invocation must see posted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'c> {
    pub(crate) rank: Rank,
    /// Permission to post a new message.
    pub(crate) may_post: bool,
    /// The invocation's name as a lease owner.
    pub(crate) owner: &'c str,
    /// `true` once this invocation has recorded the rank itself.
    pub(crate) has_recorded: bool,
}

/// The next step of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Create the record, because there is none.
    Create {
        takes_lease: bool,
    },
    /// Raise `wanted`, and acquire the lease in the same write if it is free.
    Raise {
        takes_lease: bool,
    },
    AcquireLease,
    /// Post the reply; this invocation holds the lease.
    Reply,
    /// Post the wanted revision; this invocation holds the lease.
    Deliver,
    /// Read the record again later; another invocation holds the lease until then.
    Wait(Timestamp),
    /// Stop: another invocation has delivered this event's revision.
    Done,
    Skip(SkipReason),
}

/// Decides the next step.
///
/// Every write that follows is conditional on the state seen here. After a conflict, this function decides again.
pub(crate) fn next_step(record: Option<&Record>, claim: Claim<'_>, now: Timestamp) -> Step {
    let Some(record) = record.filter(|record| record.wanted.expires > now) else {
        return Step::Create {
            takes_lease: claim.may_post,
        };
    };
    if let Some(step) = reply_step(record, claim, now) {
        return step;
    }
    if record.posted >= claim.rank {
        return match (claim.has_recorded, record.posted == claim.rank) {
            (true, _) => Step::Done,
            (false, true) => Step::Skip(SkipReason::Duplicate),
            (false, false) => Step::Skip(SkipReason::Older),
        };
    }
    let lease = record.lease.as_ref().filter(|lease| lease.until > now);
    let has_message = record.location.is_some();
    // A phase without a message to update would be one more message.
    if record.posted > Rank::NOTHING && !has_message && !claim.rank.is_end() {
        return Step::Skip(SkipReason::InDoubt);
    }
    if record.wanted.rank < claim.rank {
        return Step::Raise {
            takes_lease: lease.is_none() && (has_message || claim.may_post),
        };
    }
    if !has_message && !record.wanted.may_post {
        return Step::Skip(match record.wanted.rank > claim.rank {
            true => SkipReason::Older,
            false => SkipReason::Status,
        });
    }
    match lease {
        Some(lease) if lease.owner == claim.owner => Step::Deliver,
        Some(lease) => Step::Wait(lease.until),
        None => Step::AcquireLease,
    }
}

/// Returns the step towards the reply of the end of the build, once the message shows the end.
fn reply_step(record: &Record, claim: Claim<'_>, now: Timestamp) -> Option<Step> {
    let is_due = record.wanted.reply.is_some()
        && record.location.is_some()
        && claim.rank.is_end()
        && record.posted >= claim.rank;
    if !is_due {
        return None;
    }
    Some(match record.lease.as_ref().filter(|lease| lease.until > now) {
        Some(lease) if lease.owner == claim.owner => Step::Reply,
        Some(lease) => Step::Wait(lease.until),
        None => Step::AcquireLease,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: Rank = Rank(1);
    const PHASE: Rank = Rank(15);
    const ENDED: Rank = Rank(100);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    /// Creates a record in which `other` holds the lease until a second; the current time is second 1000.
    fn record(wanted: Rank, posted: Rank, lease_until: Option<i64>) -> Record {
        let location = MessageLocation {
            channel: Some("C1".to_owned()),
            ts: Some("1.2".to_owned()),
        };
        Record {
            wanted: Revision {
                rank: wanted,
                message: Message {
                    text: String::new(),
                    blocks: Vec::new(),
                },
                reply: None,
                channel: "#builds".to_owned(),
                may_post: true,
                expires: at(5000),
            },
            posted,
            location: (posted > Rank::NOTHING).then_some(location),
            unanswered: 0,
            lease: lease_until.map(|until| Lease {
                owner: "other".to_owned(),
                until: at(until),
            }),
        }
    }

    fn update_only(mut record: Record) -> Record {
        record.wanted.may_post = false;
        record
    }

    fn claim(rank: Rank) -> Claim<'static> {
        Claim {
            rank,
            may_post: true,
            owner: "me",
            has_recorded: false,
        }
    }

    fn update_only_claim(rank: Rank) -> Claim<'static> {
        Claim {
            may_post: false,
            ..claim(rank)
        }
    }

    #[track_caller]
    fn check(record: impl Into<Option<Record>>, claim: Claim<'_>, expected: Step) {
        assert_eq!(next_step(record.into().as_ref(), claim, at(1000)), expected);
    }

    #[test]
    fn the_first_event_creates_the_record() {
        check(None, claim(STARTED), Step::Create { takes_lease: true });
        check(
            None,
            update_only_claim(ENDED),
            Step::Create { takes_lease: false },
        );
    }

    #[test]
    fn an_expired_record_counts_as_absent() {
        let mut expired = record(ENDED, ENDED, None);
        expired.wanted.expires = at(999);
        check(expired, claim(STARTED), Step::Create { takes_lease: true });
    }

    #[test]
    fn a_posted_rank_is_not_posted_again() {
        check(
            record(STARTED, STARTED, None),
            claim(STARTED),
            Step::Skip(SkipReason::Duplicate),
        );
        check(
            record(ENDED, ENDED, None),
            claim(STARTED),
            Step::Skip(SkipReason::Older),
        );
        let recorded = Claim {
            has_recorded: true,
            ..claim(PHASE)
        };
        check(record(ENDED, ENDED, None), recorded, Step::Done);
    }

    #[test]
    fn an_event_that_was_recorded_but_not_posted_is_no_duplicate() {
        check(
            record(STARTED, Rank::NOTHING, None),
            claim(STARTED),
            Step::AcquireLease,
        );
        check(record(ENDED, STARTED, None), claim(ENDED), Step::AcquireLease);
        // An older event may deliver the revision of a newer one.
        check(record(ENDED, STARTED, None), claim(PHASE), Step::AcquireLease);
    }

    #[test]
    fn a_newer_event_raises_the_wanted_rank() {
        check(
            record(STARTED, STARTED, None),
            claim(ENDED),
            Step::Raise { takes_lease: true },
        );
        check(
            record(STARTED, Rank::NOTHING, Some(1060)),
            claim(ENDED),
            Step::Raise { takes_lease: false },
        );
    }

    #[test]
    fn only_the_lease_holder_delivers_until_the_lease_runs_out() {
        check(
            record(STARTED, Rank::NOTHING, Some(1060)),
            claim(STARTED),
            Step::Wait(at(1060)),
        );
        check(
            record(STARTED, Rank::NOTHING, Some(1000)),
            claim(STARTED),
            Step::AcquireLease,
        );
        let holder = Claim {
            owner: "other",
            ..claim(STARTED)
        };
        check(record(STARTED, Rank::NOTHING, Some(1060)), holder, Step::Deliver);
    }

    #[test]
    fn a_message_in_doubt_is_followed_only_by_the_end_of_the_build() {
        let mut in_doubt = record(STARTED, STARTED, None);
        in_doubt.location = None;
        check(
            in_doubt.clone(),
            claim(STARTED),
            Step::Skip(SkipReason::Duplicate),
        );
        check(in_doubt.clone(), claim(PHASE), Step::Skip(SkipReason::InDoubt));
        check(in_doubt, claim(ENDED), Step::Raise { takes_lease: true });
    }

    #[test]
    fn the_reply_follows_the_end_and_is_posted_by_one_lease_holder() {
        let with_reply = |lease_until| {
            let mut record = record(ENDED, ENDED, lease_until);
            record.wanted.reply = Some(Reply {
                message: record.wanted.message.clone(),
                is_broadcast: false,
            });
            record
        };
        // Also for an event that is delivered again after a crash.
        check(with_reply(None), claim(ENDED), Step::AcquireLease);
        check(with_reply(Some(1060)), claim(ENDED), Step::Wait(at(1060)));
        let holder = Claim {
            owner: "other",
            ..claim(ENDED)
        };
        check(with_reply(Some(1060)), holder, Step::Reply);
        check(with_reply(None), claim(STARTED), Step::Skip(SkipReason::Older));
        let mut in_doubt = with_reply(None);
        in_doubt.location = None;
        check(in_doubt, claim(ENDED), Step::Skip(SkipReason::Duplicate));
    }

    #[test]
    fn an_event_that_may_not_post_only_updates_an_existing_message() {
        let update = update_only_claim(ENDED);
        check(
            record(STARTED, STARTED, None),
            update,
            Step::Raise { takes_lease: true },
        );
        check(
            record(STARTED, Rank::NOTHING, None),
            update,
            Step::Raise { takes_lease: false },
        );
        let recorded = update_only(record(ENDED, Rank::NOTHING, None));
        check(recorded.clone(), update, Step::Skip(SkipReason::Status));
        // The start arrives late: a message about it would be stale.
        check(recorded, claim(STARTED), Step::Skip(SkipReason::Older));
        let with_message = update_only(record(ENDED, STARTED, None));
        check(with_message, claim(PHASE), Step::AcquireLease);
    }
}
