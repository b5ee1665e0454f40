//! One message per build, in any order of events and after any crash: executes the steps that
//! [`record`](crate::history::record) decides.

use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::{SignedDuration, Timestamp};
use lambda_core::deadline::Deadline;
use lambda_core::{backoff, clock};

use super::{CodeBuildSlack, LEAST_TIME, warn_of_doubt, warn_of_lost_response};
use crate::adapters::dynamodb::Table;
use crate::adapters::slack::{PostsInDoubt, SlackError, TIMEOUT};
use crate::config::MIN_TIMEOUT_S;
use crate::event::build::Build;
use crate::function_response::{FunctionResponse, MessageLocation, SkipReason};
use crate::history::rank::Rank;
use crate::history::record::{Claim, Lease, POSTS, Record, Revision, Step, WriteOutcome, next_step};
use crate::message::mention::Mention;
use crate::message::{self, Details, Message};
use crate::route::Thread;

/// Duration of a lease: longer than two posts to which Slack does not respond. After a crash, other events wait this long.
const LEASE: SignedDuration = SignedDuration::from_secs(75);
const _: () = assert!(
    LEASE.as_secs() as u64 > TIMEOUT.as_secs() * POSTS as u64 + LEASE_MARGIN.as_secs()
        && MIN_TIMEOUT_S as i64 > LEASE.as_secs(),
    "lease and function timeout exceed both waits for a response"
);
/// The end of a lease that stays unused, so that a request that has begun is over when the lease is.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// Lifetime of a record. EventBridge delivers an event for a day, and a dead-letter queue keeps it for two weeks.
pub(super) const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// The routing result for an event.
pub(super) struct Notification<'n> {
    pub(super) channel: &'n str,
    pub(super) mention: Option<&'n Mention>,
    pub(super) thread: Thread,
    /// Knowledge about previous builds so far.
    pub(super) compared: Option<&'n Details>,
    /// The reason not to post a new message, but only to update an existing one.
    pub(super) skip_reason: Option<SkipReason>,
    /// Permission to post for the start event of this build.
    pub(super) start_may_post: bool,
}

/// Another environment holds the lease, or died while it did.
#[derive(Debug, thiserror::Error)]
#[error(
    "another environment holds the lease for the message of build {build} until {until}; the event must be retried"
)]
pub(super) struct LeaseHeld {
    build: String,
    until: Timestamp,
}

/// The work of one invocation on the message of its build.
pub(super) struct SharedMessage<'i> {
    function: &'i CodeBuildSlack,
    table: &'i Table,
    build: &'i Build,
    notification: Notification<'i>,
    deadline: Deadline,
    in_doubt: &'i PostsInDoubt,
    /// The invocation's name as a lease owner.
    owner: String,
    /// The rank that must be posted: first the event's own, later the newest recorded one.
    rank: Rank,
    may_post: bool,
    has_recorded: bool,
    /// The record, as it was read or written last.
    record: Option<Record>,
    /// The event's own revision, once it is composed.
    revision: Option<Revision>,
    /// Number of delays so far.
    waits: u32,
}

impl<'i> SharedMessage<'i> {
    pub(super) fn new(
        function: &'i CodeBuildSlack,
        table: &'i Table,
        build: &'i Build,
        notification: Notification<'i>,
        request_id: &str,
        deadline: Deadline,
        in_doubt: &'i PostsInDoubt,
    ) -> Self {
        Self {
            function,
            table,
            build,
            deadline,
            in_doubt,
            // The request id alone is not unique: AWS may deliver one request to two environments at the same time.
            owner: format!("{request_id}/{:016x}", fastrand::u64(..)),
            rank: build.rank(),
            may_post: notification.skip_reason.is_none(),
            notification,
            has_recorded: false,
            record: None,
            revision: None,
            waits: 0,
        }
    }

    /// Takes steps until the event's rank is posted.
    pub(super) async fn process(mut self) -> anyhow::Result<FunctionResponse> {
        self.record = self.table.read(&self.build.id).await?;
        // There is no message to update, and no start event will post one.
        if self.record.is_none() && !self.may_post && !self.notification.start_may_post {
            return Ok(FunctionResponse::Skipped(self.skip_reason()));
        }
        loop {
            match self.next_step() {
                Step::Create { takes_lease } => self.create(takes_lease).await?,
                Step::Raise { takes_lease } => self.raise(takes_lease).await?,
                Step::AcquireLease => self.acquire_lease().await?,
                Step::Wait(held_until) => self.wait(held_until).await?,
                Step::Deliver => {
                    let response = self.deliver().await?;
                    return self.catch_up(response).await;
                }
                Step::Reply => {
                    self.post_reply().await?;
                    self.has_recorded = true;
                }
                Step::Done => {
                    let location = self.record.and_then(|record| record.location);
                    return Ok(FunctionResponse::Updated(location.unwrap_or_default()));
                }
                Step::Skip(SkipReason::Status) => {
                    return Ok(FunctionResponse::Skipped(self.skip_reason()));
                }
                Step::Skip(reason) => return Ok(FunctionResponse::Skipped(reason)),
            }
        }
    }

    /// Returns the reason why no route notifies this event.
    fn skip_reason(&self) -> SkipReason {
        self.notification.skip_reason.unwrap_or(SkipReason::Status)
    }

    /// Delivers the reply, and the revisions that other events recorded during the delivery. A failure of the latter is
    /// only logged: the event of this invocation is posted, and each newer event has its own invocation.
    async fn catch_up(mut self, mut response: FunctionResponse) -> anyhow::Result<FunctionResponse> {
        let has_end = self.build.rank().is_end();
        loop {
            let result = match self.next_step() {
                Step::AcquireLease => self.acquire_lease().await,
                Step::Deliver => self.deliver().await.map(|newer| {
                    response = match (&response, newer) {
                        // A message that this invocation has posted and then updated counts as posted.
                        (FunctionResponse::Posted(_), FunctionResponse::Updated(location)) => {
                            FunctionResponse::Posted(location)
                        }
                        (_, newer) => newer,
                    };
                }),
                Step::Reply => self.post_reply().await,
                Step::Wait(held_until) if has_end => self.wait(held_until).await,
                _ => return Ok(response),
            };
            if let Err(error) = result {
                if has_end {
                    return Err(error);
                }
                let id = self.build.short_id();
                tracing::warn!(
                    build.id = id,
                    "a newer event for {id} exists; its own invocation updates the message, because this one could \
                     not: {error:#}"
                );
                return Ok(response);
            }
        }
    }

    fn next_step(&self) -> Step {
        let claim = Claim {
            rank: self.rank,
            may_post: self.may_post,
            owner: &self.owner,
            has_recorded: self.has_recorded,
        };
        next_step(self.record.as_ref(), claim, clock::now())
    }

    async fn create(&mut self, takes_lease: bool) -> anyhow::Result<()> {
        let revision = match self.may_post {
            true => self.revision().await,
            // Recorded only so that a late start is recognized as stale. It is never posted and needs no details.
            false => {
                let localization = &self.function.config.localization;
                let message = message::render(self.build, &Details::default(), &[], localization);
                self.revision_with(message)
            }
        };
        let lease = takes_lease.then(|| self.new_lease());
        let outcome = self
            .table
            .create(&self.build.id, &revision, lease.as_ref(), clock::now())
            .await?;
        self.apply(outcome);
        Ok(())
    }

    async fn raise(&mut self, takes_lease: bool) -> anyhow::Result<()> {
        let revision = self.revision().await;
        let lease = takes_lease.then(|| self.new_lease());
        let outcome = self
            .table
            .raise(&self.build.id, &revision, lease.as_ref(), clock::now())
            .await?;
        self.apply(outcome);
        Ok(())
    }

    async fn acquire_lease(&mut self) -> anyhow::Result<()> {
        let lease = self.new_lease();
        let outcome = self
            .table
            .acquire_lease(&self.build.id, &lease, clock::now())
            .await?;
        self.apply(outcome);
        Ok(())
    }

    /// Waits a moment for the lease holder and reads the record again. Fails if the invocation would end before that.
    async fn wait(&mut self, held_until: Timestamp) -> anyhow::Result<()> {
        self.waits += 1;
        let rest = Duration::try_from(held_until.duration_since(clock::now())).unwrap_or_default();
        let delay =
            backoff::delay(self.waits, FIRST_DELAY, LONGEST_DELAY).min(rest + Duration::from_millis(1));
        if self.deadline.remaining() <= delay {
            return Err(LeaseHeld {
                build: self.build.short_id().to_owned(),
                until: held_until,
            }
            .into());
        }
        tokio::time::sleep(delay).await;
        self.record = self.table.read(&self.build.id).await?;
        Ok(())
    }

    /// Posts the wanted revision and records the delivery. If Slack rejects it, the lease is released, so that no other
    /// event waits for it.
    async fn deliver(&mut self) -> anyhow::Result<FunctionResponse> {
        let record = self.record.take().context("there is a lease without a record")?;
        let id = self.build.short_id();
        let (location, is_new) = match self.post_or_update(&record).await {
            Ok(delivery) => delivery,
            Err(error) => {
                self.release_lease().await;
                return Err(error);
            }
        };
        self.record = match self.record_delivery(&record.wanted, location.as_ref()).await? {
            WriteOutcome::Applied(record) => Some(record),
            // The write took effect, but its response was lost.
            WriteOutcome::Conflict(Some(record))
                if record.location.is_some() && record.location == location =>
            {
                Some(record)
            }
            WriteOutcome::Conflict(_) => {
                tracing::warn!(
                    build.id = id,
                    "the lease for the message of {id} ran out during the delivery; there may be a second message"
                );
                None
            }
        };
        let newest = self.record.as_ref().unwrap_or(&record);
        self.rank = newest.wanted.rank;
        (self.may_post, self.has_recorded) = (true, true);
        let location = location.unwrap_or_default();
        Ok(match is_new {
            true => FunctionResponse::Posted(location),
            false => FunctionResponse::Updated(location),
        })
    }

    /// Updates the message, or posts it if there is none or Slack can no longer update it. Returns its location, unless
    /// Slack's responses are lost, and whether it is new.
    async fn post_or_update(&self, record: &Record) -> anyhow::Result<(Option<MessageLocation>, bool)> {
        let deadline = self.lease_deadline(record);
        let slack = &self.function.slack;
        if let Some(location) = &record.location {
            match slack.update(location, &record.wanted.message, deadline).await {
                Ok(()) => return Ok((Some(location.clone()), false)),
                Err(error) if error.is_gone() => {
                    let id = self.build.short_id();
                    tracing::warn!(build.id = id, "posting the message of {id} again: {error}");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok((self.post(record, deadline).await?, true))
    }

    /// Returns the end of the invocation or of the lease, whichever is earlier.
    fn lease_deadline(&self, record: &Record) -> Deadline {
        let lease = record.lease.as_ref();
        let lease = lease.and_then(|lease| Duration::try_from(lease.until.duration_since(clock::now())).ok());
        let lease = lease.unwrap_or_default().saturating_sub(LEASE_MARGIN);
        Deadline::after(self.deadline.remaining().min(lease))
    }

    /// Posts the wanted revision, and repeats it once if Slack does not respond.
    async fn post(&self, record: &Record, deadline: Deadline) -> anyhow::Result<Option<MessageLocation>> {
        let Revision { message, channel, .. } = &record.wanted;
        let slack = &self.function.slack;
        let post = async || slack.post(channel, message, deadline, self.in_doubt).await;
        self.post_counted(record, deadline, post).await
    }

    /// Posts the reply in the thread of the message, with the same limit of posts, and removes it from the record. A
    /// deleted message has no thread.
    async fn post_reply(&mut self) -> anyhow::Result<()> {
        let record = self.record.take().context("there is a lease without a record")?;
        let (Some(location), Some(reply)) = (&record.location, &record.wanted.reply) else {
            return Ok(());
        };
        let id = self.build.short_id();
        let deadline = self.lease_deadline(&record);
        let slack = &self.function.slack;
        let post = async || slack.reply(location, reply, deadline, self.in_doubt).await;
        match self.post_counted(&record, deadline, post).await {
            Ok(Some(_)) => tracing::info!(build.id = id, "replied to the message of {id} in its thread"),
            Ok(None) => {}
            Err(error) if error.downcast_ref().is_some_and(SlackError::is_gone) => {
                tracing::warn!(
                    build.id = id,
                    "dropped the reply for {id}, its message was deleted: {error:#}"
                );
            }
            Err(error) => {
                self.release_lease().await;
                return Err(error);
            }
        }
        let rank = record.wanted.rank;
        let write = async || self.table.record_reply(&self.build.id, &self.owner, rank).await;
        self.record = match self.record_surely("reply", write).await? {
            WriteOutcome::Applied(record) => Some(record),
            WriteOutcome::Conflict(record) => record,
        };
        Ok(())
    }

    async fn release_lease(&self) {
        if let Err(error) = self.table.release_lease(&self.build.id, &self.owner).await {
            let id = self.build.short_id();
            tracing::warn!(
                build.id = id,
                "could not release the lease for the message of {id}, it runs out by itself: {error:#}"
            );
        }
    }

    /// Posts, and repeats that once if Slack does not respond. Each attempt is counted in the record before it begins, so
    /// that the limit holds for all invocations together.
    async fn post_counted(
        &self,
        record: &Record,
        deadline: Deadline,
        post: impl AsyncFn() -> Result<MessageLocation, SlackError>,
    ) -> anyhow::Result<Option<MessageLocation>> {
        let mut unanswered = record.unanswered;
        let count = async |unanswered| {
            let count = self
                .table
                .record_unanswered(&self.build.id, &self.owner, unanswered);
            match count.await? {
                WriteOutcome::Applied(_) => Ok(()),
                WriteOutcome::Conflict(_) => Err(anyhow!(
                    "the lease for the message of {} ran out before the post",
                    self.build.short_id()
                )),
            }
        };
        while unanswered < POSTS && (unanswered == record.unanswered || deadline.remaining() >= LEAST_TIME) {
            count(unanswered + 1).await?;
            match post().await {
                Ok(location) => return Ok(Some(location)),
                Err(SlackError::NoResponse(cause)) => warn_of_lost_response(self.build, &cause),
                Err(error) => {
                    // Slack has refused it, so that it does not count. If this fails, one repetition less is left.
                    if let Err(failure) = count(unanswered).await {
                        let id = self.build.short_id();
                        tracing::warn!(
                            build.id = id,
                            "could not take back the count of the refused post for {id}: {failure:#}"
                        );
                    }
                    return Err(error.into());
                }
            }
            unanswered += 1;
        }
        if unanswered == record.unanswered {
            self.in_doubt.add_one();
        }
        warn_of_doubt(self.build);
        Ok(None)
    }

    /// Records that the message shows the `delivered` revision.
    async fn record_delivery(
        &self,
        delivered: &Revision,
        location: Option<&MessageLocation>,
    ) -> anyhow::Result<WriteOutcome> {
        let (id, owner) = (&self.build.id, &self.owner);
        let write = async || self.table.record_delivery(id, owner, delivered, location).await;
        self.record_surely("delivery", write).await
    }

    /// Records what is already in Slack: the write is retried until the deadline.
    async fn record_surely(
        &self,
        what: &str,
        write: impl AsyncFn() -> anyhow::Result<WriteOutcome>,
    ) -> anyhow::Result<WriteOutcome> {
        let mut attempt = 1;
        loop {
            let error = match write().await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let delay = backoff::delay(attempt, FIRST_DELAY, LONGEST_DELAY);
            if self.deadline.remaining() <= delay {
                return Err(error);
            }
            let id = self.build.short_id();
            tracing::warn!(
                build.id = id,
                attempt,
                "retrying to record the {what} of the message of {id}: {error:#}"
            );
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    fn apply(&mut self, outcome: WriteOutcome) {
        self.record = match outcome {
            WriteOutcome::Applied(record) => {
                self.has_recorded |= record.wanted.rank == self.rank && self.revision.is_some();
                Some(record)
            }
            WriteOutcome::Conflict(record) => record,
        };
    }

    /// Returns the event's own revision, composed at the first call.
    async fn revision(&mut self) -> Revision {
        if let Some(revision) = &self.revision {
            return revision.clone();
        }
        let Notification {
            mention,
            thread,
            compared,
            ..
        } = self.notification;
        let (message, reply) = self
            .function
            .compose(self.build, mention, thread, compared, self.deadline)
            .await;
        let revision = Revision {
            reply,
            ..self.revision_with(message)
        };
        self.revision = Some(revision.clone());
        revision
    }

    fn revision_with(&self, message: Message) -> Revision {
        Revision {
            rank: self.build.rank(),
            message,
            reply: None,
            channel: self.notification.channel.to_owned(),
            may_post: self.notification.skip_reason.is_none(),
            expires: clock::now() + RETENTION,
        }
    }

    /// Creates a lease that begins now. Composing the message before it may have taken seconds.
    fn new_lease(&self) -> Lease {
        Lease {
            owner: self.owner.clone(),
            until: clock::now() + LEASE,
        }
    }
}
