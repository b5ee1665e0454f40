//! One message per build, whatever order its events come in, and whoever dies: the steps of `record` carried out.

use jiff::{SignedDuration, Timestamp};
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::{clock, pause};
use std::time::Duration;

use super::CodeBuildSlack;
use crate::adapters::dynamodb::{Proposal, Table, Written};
use crate::adapters::slack::{Doubts, SlackError};
use crate::answer::{Answer, Place, Reason};
use crate::build::Build;
use crate::mention::Mention;
use crate::message::{self, Findings, Message};
use crate::rank::Rank;
use crate::record::{Claim, Lease, Record, Step, next_step};

/// How long one may speak. Longer than Slack ever takes, with its pauses; who dies keeps the others waiting for so long.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// What is not used of it: a request that has begun must be over when the lease is.
const MARGIN: Duration = Duration::from_secs(5);
/// How long a build's message is remembered. EventBridge delivers for a day, a dead-letter queue keeps for two weeks.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// How an event is to be told.
pub(super) struct Telling<'t> {
    pub(super) channel: &'t str,
    pub(super) mention: Option<&'t Mention>,
    /// Whether anybody wants to know it.
    pub(super) is_told: bool,
    /// Whether anybody wants to know that such a build has begun.
    pub(super) is_start_told: bool,
    pub(super) doubts: &'t Doubts,
}

/// Another environment is speaking about this build, or died while it was.
#[derive(Debug, thiserror::Error)]
#[error("another environment holds the lease of this build's message until {0}; the event has to come again")]
pub(super) struct LeaseHeld(Timestamp);

/// What was said last.
struct Spoken {
    place: Place,
    is_first: bool,
    /// The record after that; none where another has taken the lease over.
    record: Option<Record>,
}

impl CodeBuildSlack {
    pub(super) async fn tell_in_one_message(
        &self,
        table: &Table,
        build: &Build,
        telling: Telling<'_>,
        invocation: &Invocation,
        until: Deadline,
    ) -> anyhow::Result<Answer> {
        // Not the request id: AWS may deliver one request to two environments at the same moment.
        let owner = format!("{}/{:016x}", invocation.request_id, fastrand::u64(..));
        let mut claim = Claim {
            rank: build.rank(),
            is_told: telling.is_told,
            owner: &owner,
            has_raised: false,
        };
        let mut told: Option<Answer> = None;
        let mut proposal: Option<Proposal> = None;
        let mut looks = 1;
        let mut record = table.read(&build.id).await?;
        // There is no message that it could change, and none will come.
        if record.is_none() && !telling.is_told && !telling.is_start_told {
            return Ok(Answer::Skipped(Reason::Status));
        }
        loop {
            let now = clock::now();
            let lease = Lease {
                owner: owner.clone(),
                until: now + LEASE,
            };
            let step = next_step(record.as_ref(), claim, now);
            let written = match (step, told.take()) {
                // It was our duty only as long as our own event was not told.
                (Step::Skip(_) | Step::Done | Step::Wait(_), Some(told)) => return Ok(told),
                (Step::Skip(reason), None) => return Ok(Answer::Skipped(reason)),
                (Step::Done, None) => {
                    let place = record.and_then(|record| record.place);
                    let nowhere = Place {
                        channel: None,
                        ts: None,
                    };
                    return Ok(Answer::Updated(place.unwrap_or(nowhere)));
                }
                (Step::Wait(held_until), None) => {
                    self.wait(held_until, looks, now, until).await?;
                    looks += 1;
                    record = table.read(&build.id).await?;
                    continue;
                }
                // Only so that a start that comes late is known to be older: nobody will see the message.
                (Step::Begin { .. }, None) if !telling.is_told => {
                    let message =
                        message::render(build, &Findings::default(), telling.mention, &self.config.voice);
                    let proposal = proposal_of(build, &telling, message);
                    table.begin(&build.id, &proposal, None, clock::now()).await?
                }
                (Step::Begin { takes_lease }, None) => {
                    let proposal = self.propose(&mut proposal, build, &telling, until).await;
                    let lease = fresh(takes_lease, &owner);
                    table
                        .begin(&build.id, proposal, lease.as_ref(), clock::now())
                        .await?
                }
                (Step::Raise { takes_lease }, None) => {
                    let proposal = self.propose(&mut proposal, build, &telling, until).await;
                    let lease = fresh(takes_lease, &owner);
                    table
                        .raise(&build.id, proposal, lease.as_ref(), clock::now())
                        .await?
                }
                // After a first word, what is wanted has been raised by others: there is nothing more of ours.
                (Step::Begin { .. } | Step::Raise { .. }, Some(told)) => return Ok(told),
                (Step::TakeLease, None) => table.take_lease(&build.id, &lease, now).await?,
                (Step::TakeLease, Some(before)) => match table.take_lease(&build.id, &lease, now).await {
                    Ok(written) => {
                        told = Some(before);
                        written
                    }
                    Err(error) => return Ok(enough(build, before, &error)),
                },
                (Step::Speak, before) => {
                    let Some(held) = &record else {
                        anyhow::bail!("there is a lease without a record");
                    };
                    let spoken = match (
                        self.speak(table, build, held, &owner, until, telling.doubts)
                            .await,
                        &before,
                    ) {
                        (Ok(spoken), _) => spoken,
                        (Err(error), None) => return Err(error),
                        (Err(error), Some(before)) => return Ok(enough(build, before.clone(), &error)),
                    };
                    let wanted = spoken.record.as_ref().map_or(held.wanted, |record| record.wanted);
                    let answer = after(before.as_ref(), &spoken);
                    record = spoken.record;
                    // What was raised while we spoke is now our claim.
                    claim = Claim {
                        rank: wanted,
                        is_told: true,
                        has_raised: true,
                        ..claim
                    };
                    if record.is_none() {
                        return Ok(answer);
                    }
                    told = Some(answer);
                    continue;
                }
            };
            record = match written {
                Written::Held(record) => {
                    claim.has_raised |= record.wanted == claim.rank && proposal.is_some();
                    Some(record)
                }
                Written::Otherwise(record) => record,
            };
        }
    }

    async fn propose<'p>(
        &self,
        proposal: &'p mut Option<Proposal>,
        build: &Build,
        telling: &Telling<'_>,
        until: Deadline,
    ) -> &'p Proposal {
        if proposal.is_none() {
            let message = self.compose(build, telling.mention, until).await;
            *proposal = Some(proposal_of(build, telling, message));
        }
        proposal.as_ref().expect("it was made a line above")
    }

    /// Until somebody else has spoken, or can be taken for dead; but not beyond our own time.
    async fn wait(
        &self,
        held_until: Timestamp,
        looks: u32,
        now: Timestamp,
        until: Deadline,
    ) -> anyhow::Result<()> {
        let rest = Duration::try_from(held_until.duration_since(now)).unwrap_or_default();
        let pause = pause::before_retry(looks, FIRST_LOOK, LONGEST_LOOK).min(rest + Duration::from_millis(1));
        if until.left() <= pause {
            return Err(LeaseHeld(held_until).into());
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Says what is wanted, and notes that it is said. Where Slack refuses, the lease is given back, so that nobody
    /// waits for it.
    async fn speak(
        &self,
        table: &Table,
        build: &Build,
        record: &Record,
        owner: &str,
        until: Deadline,
        doubts: &Doubts,
    ) -> anyhow::Result<Spoken> {
        let said = self.say(record, until, doubts).await;
        let (place, is_first) = match said {
            Ok(said) => said,
            Err(error) => {
                if let Err(also) = table.give_back(&build.id, owner).await {
                    tracing::warn!("the lease runs out by itself: {also:#}");
                }
                return Err(error.into());
            }
        };
        let written = self
            .note(table, build, owner, record.wanted, &place, until)
            .await?;
        let record = match written {
            Written::Held(record) => Some(record),
            // Our own write, of which the answer was lost.
            Written::Otherwise(Some(now)) if now.place.as_ref() == Some(&place) => Some(now),
            Written::Otherwise(_) => {
                let id = build.short_id();
                tracing::warn!(
                    build.id = id,
                    "the lease of {id} ran out meanwhile: it may have a second message"
                );
                None
            }
        };
        Ok(Spoken {
            place,
            is_first,
            record,
        })
    }

    /// Where it stands then, and whether it is a new message.
    async fn say(
        &self,
        record: &Record,
        until: Deadline,
        doubts: &Doubts,
    ) -> Result<(Place, bool), SlackError> {
        let lease = record
            .lease
            .as_ref()
            .map(|lease| lease.until.duration_since(clock::now()));
        let lease = lease
            .and_then(|left| Duration::try_from(left).ok())
            .unwrap_or_default();
        let until = Deadline::after(until.left().min(lease.saturating_sub(MARGIN)));
        if let Some(place) = &record.place {
            match self.slack.update(place, &record.message, until).await {
                Ok(()) => return Ok((place.clone(), false)),
                Err(error) if error.is_gone() => tracing::warn!("the message is posted anew: {error}"),
                Err(error) => return Err(error),
            }
        }
        let posted = self
            .slack
            .post(&record.target, &record.message, until, doubts)
            .await?;
        Ok((posted, true))
    }

    /// It is said: from here on, nothing but the end of our time may keep us from noting it.
    async fn note(
        &self,
        table: &Table,
        build: &Build,
        owner: &str,
        rank: Rank,
        place: &Place,
        until: Deadline,
    ) -> anyhow::Result<Written> {
        let mut attempt = 1;
        loop {
            let error = match table.note_posted(&build.id, owner, rank, place).await {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            let pause = pause::before_retry(attempt, FIRST_LOOK, LONGEST_LOOK);
            if until.left() <= pause {
                return Err(error);
            }
            tracing::warn!(attempt, "noting what was said is tried again: {error:#}");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }
}

/// A lease from now on: composing the message may have taken seconds.
fn fresh(takes_lease: bool, owner: &str) -> Option<Lease> {
    takes_lease.then(|| Lease {
        owner: owner.to_owned(),
        until: clock::now() + LEASE,
    })
}

fn proposal_of(build: &Build, telling: &Telling<'_>, message: Message) -> Proposal {
    Proposal {
        rank: build.rank(),
        message,
        target: telling.channel.to_owned(),
        is_told: telling.is_told,
        expires: clock::now() + REMEMBERED,
    }
}

/// Our own event is told. What others have raised meanwhile is theirs as well: their event has its own invocation.
fn enough(build: &Build, told: Answer, error: &anyhow::Error) -> Answer {
    let id = build.short_id();
    tracing::warn!(
        build.id = id,
        "what is newer about {id} is left to its own event: {error:#}"
    );
    told
}

/// The answer to the event: that it was posted counts for more than that it was changed afterwards.
fn after(before: Option<&Answer>, spoken: &Spoken) -> Answer {
    let was_posted = matches!(before, Some(Answer::Posted(_)));
    let place = spoken.place.clone();
    match spoken.is_first || was_posted {
        true => Answer::Posted(place),
        false => Answer::Updated(place),
    }
}
