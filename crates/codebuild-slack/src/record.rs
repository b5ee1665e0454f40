//! What is remembered of a build's message, and what an event has to do next.
//!
//! One record per build. Its ranks say how far the build is known to be (`wanted`) and how far its message says that
//! it is (`posted`). The rules, and the accidents that each prevents:
//!
//! - An event raises `wanted`, together with the message for it, before anything is said. So whoever comes later
//!   finds what has to be said, and an environment that dies loses nothing: the event is delivered again.
//! - `posted` is set only after Slack's ok. An event is a duplicate only where `posted` has reached its rank: one whose
//!   first attempt died between record and Slack is not.
//! - Who speaks to Slack holds the record's lease, for the first post and for changes alike. Two environments never
//!   post the same first message, and a slow change never arrives after a newer one and moves the message backwards.
//! - Who has spoken looks at the record again, in the same write that gives the lease back: what was raised meanwhile
//!   is said as well. So an event that finds a lease held needs only to raise `wanted`. It waits all the same until its
//!   rank is posted, because the holder may have died; when the lease has run out it takes it over, and where its own
//!   time is up before, it fails and is delivered again.
//! - A record whose time is over counts as none, whether DynamoDB has deleted it yet or not.

use jiff::Timestamp;

use crate::answer::{Place, Reason};
use crate::message::Message;
use crate::rank::Rank;

/// The record of a build's message.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// How far the build is known to be.
    pub wanted: Rank,
    /// What the message is to say then.
    pub message: Message,
    /// Where it is to be posted.
    pub target: String,
    /// Whether anybody wants to know it. Otherwise it is said only where there is a message already.
    pub is_told: bool,
    /// How far the message says that it is.
    pub posted: Rank,
    /// Where the message is.
    pub place: Option<Place>,
    /// Who may speak to Slack, and until when.
    pub lease: Option<Lease>,
    /// When it counts as gone.
    pub expires: Timestamp,
}

/// The right to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose it is.
    pub owner: String,
    /// When it runs out.
    pub until: Timestamp,
}

/// An event, as far as the record is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'c> {
    /// How far the event says that the build is.
    pub rank: Rank,
    /// Whether anybody wants to know it.
    pub is_told: bool,
    /// Who is working on it.
    pub owner: &'c str,
    /// Whether this event has raised `wanted` before.
    pub has_raised: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is no record: make one, with a lease if that is to be said at once.
    Begin {
        /// Whether to take the lease along.
        takes_lease: bool,
    },
    /// Raise `wanted`, and take the lease in the same write where it is free.
    Raise {
        /// Whether to take the lease along.
        takes_lease: bool,
    },
    /// Take the lease.
    TakeLease,
    /// The lease is ours: say what is wanted.
    Speak,
    /// Somebody else speaks: look again, at the latest then.
    Wait(Timestamp),
    /// The message says it, because somebody else has brought it along.
    Done,
    /// There is nothing to do.
    Skip(Reason),
}

/// Decides what comes next. Every write that follows holds only if the record is still as it was seen here; otherwise
/// it is looked at again.
pub fn next_step(record: Option<&Record>, claim: Claim<'_>, now: Timestamp) -> Step {
    let Some(record) = record.filter(|record| record.expires > now) else {
        return Step::Begin {
            takes_lease: claim.is_told,
        };
    };
    if record.posted >= claim.rank {
        return match (claim.has_raised, record.posted == claim.rank) {
            (true, _) => Step::Done,
            (false, true) => Step::Skip(Reason::Duplicate),
            (false, false) => Step::Skip(Reason::Older),
        };
    }
    let lease = record.lease.as_ref().filter(|lease| lease.until > now);
    let has_message = record.place.is_some();
    if record.wanted < claim.rank {
        return Step::Raise {
            takes_lease: lease.is_none() && (has_message || claim.is_told),
        };
    }
    if !has_message && !record.is_told {
        return Step::Skip(match record.wanted > claim.rank {
            true => Reason::Older,
            false => Reason::Status,
        });
    }
    match lease {
        Some(lease) if lease.owner == claim.owner => Step::Speak,
        Some(lease) => Step::Wait(lease.until),
        None => Step::TakeLease,
    }
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

    /// At the second 1000: wanted, posted, the second until which `other` holds the lease.
    fn record(wanted: Rank, posted: Rank, lease_until: Option<i64>) -> Record {
        let place = Place {
            channel: Some("C1".to_owned()),
            ts: Some("1.2".to_owned()),
        };
        Record {
            wanted,
            message: Message {
                text: String::new(),
                blocks: Vec::new(),
            },
            target: "#builds".to_owned(),
            is_told: true,
            posted,
            place: (posted > Rank::NOTHING).then_some(place),
            lease: lease_until.map(|until| Lease {
                owner: "other".to_owned(),
                until: at(until),
            }),
            expires: at(5000),
        }
    }

    fn claim(rank: Rank) -> Claim<'static> {
        Claim {
            rank,
            is_told: true,
            owner: "me",
            has_raised: false,
        }
    }

    #[track_caller]
    fn check(record: impl Into<Option<Record>>, claim: Claim<'_>, expected: Step) {
        assert_eq!(next_step(record.into().as_ref(), claim, at(1000)), expected);
    }

    #[test]
    fn the_first_event_begins() {
        check(None, claim(STARTED), Step::Begin { takes_lease: true });
        let silent = Claim {
            is_told: false,
            ..claim(ENDED)
        };
        check(None, silent, Step::Begin { takes_lease: false });
    }

    #[test]
    fn a_record_whose_time_is_over_is_none() {
        let old = Record {
            expires: at(999),
            ..record(ENDED, ENDED, None)
        };
        check(old, claim(STARTED), Step::Begin { takes_lease: true });
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        check(
            record(STARTED, STARTED, None),
            claim(STARTED),
            Step::Skip(Reason::Duplicate),
        );
        check(
            record(ENDED, ENDED, None),
            claim(STARTED),
            Step::Skip(Reason::Older),
        );
        let raised = Claim {
            has_raised: true,
            ..claim(PHASE)
        };
        check(record(ENDED, ENDED, None), raised, Step::Done);
    }

    #[test]
    fn what_was_recorded_but_not_said_is_no_duplicate() {
        check(
            record(STARTED, Rank::NOTHING, None),
            claim(STARTED),
            Step::TakeLease,
        );
        check(record(ENDED, STARTED, None), claim(ENDED), Step::TakeLease);
        // An older event may bring the newer one's message along.
        check(record(ENDED, STARTED, None), claim(PHASE), Step::TakeLease);
    }

    #[test]
    fn a_newer_event_raises_what_is_wanted() {
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
    fn one_speaks_and_the_others_wait_until_the_lease_runs_out() {
        check(
            record(STARTED, Rank::NOTHING, Some(1060)),
            claim(STARTED),
            Step::Wait(at(1060)),
        );
        check(
            record(STARTED, Rank::NOTHING, Some(1000)),
            claim(STARTED),
            Step::TakeLease,
        );
        let mine = Claim {
            owner: "other",
            ..claim(STARTED)
        };
        check(record(STARTED, Rank::NOTHING, Some(1060)), mine, Step::Speak);
    }

    #[test]
    fn what_nobody_wants_to_know_is_said_only_where_there_is_a_message() {
        let silent = Claim {
            is_told: false,
            ..claim(ENDED)
        };
        check(
            record(STARTED, STARTED, None),
            silent,
            Step::Raise { takes_lease: true },
        );
        check(
            record(STARTED, Rank::NOTHING, None),
            silent,
            Step::Raise { takes_lease: false },
        );
        let recorded = Record {
            is_told: false,
            ..record(ENDED, Rank::NOTHING, None)
        };
        check(recorded.clone(), silent, Step::Skip(Reason::Status));
        // The start, which somebody wants to know, comes late: there is no point in a message about it any more.
        check(recorded, claim(STARTED), Step::Skip(Reason::Older));
        let with_message = Record {
            is_told: false,
            ..record(ENDED, STARTED, None)
        };
        check(with_message, claim(PHASE), Step::TakeLease);
    }
}
