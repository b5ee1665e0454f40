//! From the event to the message.

mod batch;
mod checks;
mod composition;
mod details;
mod reconciliation;
mod shared_message;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lambda_core::check::Check;
use lambda_core::clock;
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::metrics::{self, Unit};
use lambda_core::run::{ErrorType, Handler};
use lambda_core::secrets::Secrets;
use lambda_core::variables::Variables;
use serde_json::{Value, json};

use self::batch::MessageSubject;
use self::shared_message::{LeaseHeld, Notification, RETENTION, SharedMessage};
use crate::adapters::aws::Aws;
use crate::adapters::codebuild::CodeBuild;
use crate::adapters::dynamodb::Table;
use crate::adapters::logs::Logs;
use crate::adapters::reports::Reports;
use crate::adapters::slack::{PostsInDoubt, Slack, SlackError};
use crate::config::Config;
use crate::event;
use crate::event::build::Build;
use crate::event::delivery::{Delivery, SqsMessage};
use crate::event::status::Status;
use crate::function_response::{BatchItemFailure, FunctionResponse, MessageLocation, SkipReason};
use crate::history::recent_posts::RecentPosts;
use crate::message::{Details, Message};
use crate::route::{self, Decision, Subject, Thread};

impl Handler for CodeBuildSlack {
    type Event = Value;
    type Response = FunctionResponse;
    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<SlackError>("MessageNotPosted"),
        ErrorType::of::<LeaseHeld>("LeaseHeld"),
        ErrorType::any("CodeBuildSlackError"),
    ];

    /// Posts the message about a build, or updates it; `{"reconcile": true}` completes messages that show no end.
    ///
    /// Events without a matching route and duplicate or stale events are skipped with a reason. Every other event that
    /// is not posted is an error, so that Lambda retries it: Slack is down or limits the rate, the token is wrong,
    /// another environment works on the message of the same build. Log tail, comparison and commit are best effort: a
    /// message is posted without them if they cannot be read.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<FunctionResponse> {
        if event == json!({"reconcile": true}) {
            // Boxed as below.
            return Box::pin(self.reconcile(&invocation)).await;
        }
        match Delivery::of(&event) {
            Delivery::Events(events) => self.process_all(&events, &invocation).await,
            Delivery::SqsBatch(messages) => Ok(self.process_messages(&messages, &invocation).await),
        }
    }

    async fn checks(&self, invocation: &Invocation) -> Vec<Check> {
        // Boxed as above.
        Box::pin(self.make_checks(invocation)).await
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }
}

/// The function's state, built at cold start.
pub struct CodeBuildSlack {
    config: Config,
    slack: Slack,
    table: Option<Table>,
    logs: Logs,
    codebuild: CodeBuild,
    reports: Reports,
    recent_posts: Mutex<RecentPosts>,
}

impl CodeBuildSlack {
    /// Reads the configuration and creates the clients. The AWS SDK is set up only when an event needs it.
    ///
    /// # Errors
    ///
    /// The configuration is faulty.
    pub fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        warn_of_ineffective_settings(&config);
        let aws = Arc::new(Aws::default());
        let table = config.table.as_deref();
        Ok(Self {
            slack: Slack::new(&config.slack, Secrets::lazy())?,
            table: table.map(|name| Table::new(&aws, name)),
            logs: Logs::new(&aws),
            codebuild: CodeBuild::new(&aws),
            reports: Reports::new(&aws),
            recent_posts: Mutex::default(),
            config,
        })
    }
}

fn warn_of_ineffective_settings(config: &Config) {
    if config.table.is_none() {
        if config.statuses.contains(&Status::InProgress) {
            tracing::warn!(
                "NOTIFY_STATUSES contains IN_PROGRESS, which has no effect without MESSAGES_TABLE: a build then has one \
                 message, at its end"
            );
        }
        return;
    }
    for ends in route::ineffective_ends(&config.routes, &config.statuses) {
        tracing::warn!(
            "with MESSAGES_TABLE, the end of a build updates the message of its start, in the same channel and without \
             a mention: for {ends}, leave IN_PROGRESS out of the statuses of NOTIFY_STATUSES and of all routes for \
             these projects"
        );
    }
}

/// Least time in which a post is repeated after its response was lost.
const LEAST_TIME: Duration = Duration::from_secs(5);
/// Time kept for recording the delivery and for reporting an error; a tenth of the invocation if that is less.
const RESERVE: Duration = Duration::from_secs(2);

impl CodeBuildSlack {
    /// Processes the events of one delivery. If one fails, the delivery fails after the others: a repeated event has no
    /// effect.
    async fn process_all(
        &self,
        events: &[Value],
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let mut outcomes = Vec::new();
        for event in events {
            outcomes.push(self.process(event, invocation).await);
        }
        let mut responses = outcomes.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        Ok(match responses.len() {
            1 => responses.remove(0),
            _ => FunctionResponse::Several(responses),
        })
    }

    /// Processes each message of SQS by itself, and returns those that failed.
    async fn process_messages(&self, messages: &[SqsMessage], invocation: &Invocation) -> FunctionResponse {
        let mut failures = Vec::new();
        for message in messages {
            if let Err(error) = self.process_all(&message.events, invocation).await {
                let id = &message.id;
                tracing::error!(
                    sqs.message_id = id,
                    "the SQS message {id} failed and is delivered again: {error:#}"
                );
                failures.push(BatchItemFailure {
                    item_identifier: id.clone(),
                });
            }
        }
        FunctionResponse::BatchItemFailures(failures)
    }

    async fn process(&self, event: &Value, invocation: &Invocation) -> anyhow::Result<FunctionResponse> {
        let mut build = event::parse(event)?;
        let in_doubt = PostsInDoubt::default();
        // Boxed: the SDKs' futures are large, and would be part of every future from here up to `main`.
        let result = Box::pin(self.notify_subject(&mut build, invocation, &in_doubt)).await;
        emit_metrics(&invocation.function_name, result.as_ref().ok(), &in_doubt);
        let response = result?;
        log_outcome(&build, &response);
        Ok(response)
    }

    /// Notifies about the build, or about the batch of which it is a member, and replaces it with that.
    async fn notify_subject(
        &self,
        build: &mut Build,
        invocation: &Invocation,
        in_doubt: &PostsInDoubt,
    ) -> anyhow::Result<FunctionResponse> {
        match self.subject(build, invocation.deadline).await? {
            MessageSubject::Build => {}
            MessageSubject::Batch(batch) => *build = *batch,
            MessageSubject::MemberPhase => return Ok(FunctionResponse::Skipped(SkipReason::MemberPhase)),
        }
        self.notify(build, invocation, in_doubt).await
    }

    async fn notify(
        &self,
        build: &Build,
        invocation: &Invocation,
        in_doubt: &PostsInDoubt,
    ) -> anyhow::Result<FunctionResponse> {
        let reserve = RESERVE.min(invocation.deadline.total() / 10);
        let deadline = Deadline::after(invocation.deadline.remaining().saturating_sub(reserve));
        let Config { routes, statuses, .. } = &self.config;
        let compared = self.compared_for_routes(build, deadline).await;
        let compared = compared.as_ref();
        let branch = build.branch(compared.and_then(|compared| compared.head_ref.as_deref()));
        let decide = |status| {
            let subject = Subject {
                project: &build.project,
                branch: branch.as_deref(),
                status,
                verdict: compared.and_then(|compared| compared.verdict),
            };
            route::decide(routes, statuses, subject)
        };
        let decision = decide(build.status);
        let Some(table) = &self.table else {
            return self
                .post_at_end(build, decision, compared, deadline, in_doubt)
                .await;
        };
        let notification = match decision {
            Decision::Notify {
                channel,
                mention,
                thread,
            } => Notification {
                channel: self.channel(channel),
                mention,
                thread,
                compared,
                skip_reason: None,
                start_may_post: true,
            },
            // No route notifies this end. But a message that exists must not show a running build for ever.
            Decision::Skip(reason @ (SkipReason::Status | SkipReason::When)) if build.status.is_final() => {
                Notification {
                    channel: self.channel(None),
                    mention: None,
                    thread: Thread::No,
                    compared,
                    skip_reason: Some(reason),
                    start_may_post: matches!(decide(Status::InProgress), Decision::Notify { .. }),
                }
            }
            Decision::Skip(reason) => {
                if build.is_batch() && matches!(reason, SkipReason::Status | SkipReason::When) {
                    table.expect_end(&build.id, clock::now() + RETENTION).await?;
                }
                return Ok(FunctionResponse::Skipped(reason));
            }
        };
        let request_id = &invocation.request_id;
        SharedMessage::new(self, table, build, notification, request_id, deadline, in_doubt)
            .process()
            .await
    }

    /// Reads what the routes ask about previous builds, if they do.
    async fn compared_for_routes(&self, build: &Build, deadline: Deadline) -> Option<Details> {
        let branch = build.branch(None);
        let subject = Subject {
            project: &build.project,
            branch: branch.as_deref(),
            status: build.status,
            verdict: None,
        };
        match build.status.is_final() && route::needs_previous_builds(&self.config.routes, subject) {
            true => Some(self.compared(build, deadline).await),
            false => None,
        }
    }

    /// Posts one message at the end of a build; for a function without a table.
    async fn post_at_end(
        &self,
        build: &Build,
        decision: Decision<'_>,
        compared: Option<&Details>,
        deadline: Deadline,
        in_doubt: &PostsInDoubt,
    ) -> anyhow::Result<FunctionResponse> {
        let (channel, mention) = match decision {
            Decision::Notify { channel, mention, .. } if build.status.is_final() => (channel, mention),
            Decision::Notify { .. } => return Ok(FunctionResponse::Skipped(SkipReason::Status)),
            Decision::Skip(reason) => return Ok(FunctionResponse::Skipped(reason)),
        };
        let key = format!("{} {}", build.id, build.status.as_str());
        if self.recent_posts().contains(&key) {
            return Ok(FunctionResponse::Skipped(SkipReason::Duplicate));
        }
        // Without a table, the message itself is new and notifies.
        let (message, _) = self.compose(build, mention, Thread::No, compared, deadline).await;
        let channel = self.channel(channel);
        let location = match self.slack.post(channel, &message, deadline, in_doubt).await {
            Err(SlackError::NoResponse(cause)) => {
                warn_of_lost_response(build, &cause);
                self.repeat_post(build, channel, &message, deadline, in_doubt)
                    .await
            }
            outcome => Some(outcome?),
        };
        let location = location.unwrap_or_else(|| {
            warn_of_doubt(build);
            MessageLocation::default()
        });
        self.recent_posts().add(key);
        Ok(FunctionResponse::Posted(location))
    }

    /// Posts a message again, to whose first post Slack did not respond. Returns its location if Slack responds now.
    async fn repeat_post(
        &self,
        build: &Build,
        channel: &str,
        message: &Message,
        deadline: Deadline,
        in_doubt: &PostsInDoubt,
    ) -> Option<MessageLocation> {
        if deadline.remaining() < LEAST_TIME {
            return None;
        }
        match self.slack.post(channel, message, deadline, in_doubt).await {
            Ok(location) => Some(location),
            // No error of the event: its retry would post a third time, and the first message is most likely there.
            Err(error) => {
                let id = build.short_id();
                tracing::warn!(build.id = id, "could not repeat the post for {id}: {error}");
                None
            }
        }
    }

    /// Returns the route's channel, or else the default one. A webhook's channel is unknown and stays empty.
    fn channel<'c>(&'c self, route_channel: Option<&'c str>) -> &'c str {
        route_channel
            .or(self.config.channel.as_deref())
            .unwrap_or_default()
    }

    fn recent_posts(&self) -> MutexGuard<'_, RecentPosts> {
        self.recent_posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn_of_lost_response(build: &Build, cause: &str) {
    let id = build.short_id();
    tracing::warn!(
        build.id = id,
        "Slack did not respond to the post for {id}, the message may be there: {cause}"
    );
}

fn warn_of_doubt(build: &Build) {
    let id = build.short_id();
    tracing::warn!(
        build.id = id,
        "stopped posting for {id}: the message is most likely in the channel, but Slack's response is lost"
    );
}

/// Emits the metrics of one event. A failed event has no response, but its posts may be in doubt.
fn emit_metrics(function: &str, response: Option<&FunctionResponse>, in_doubt: &PostsInDoubt) {
    let (mut posted, mut updated, mut skipped) = (0.0, 0.0, 0.0);
    match response {
        Some(FunctionResponse::Posted(_)) => posted = 1.0,
        Some(FunctionResponse::Updated(_)) => updated = 1.0,
        Some(FunctionResponse::Skipped(_)) => skipped = 1.0,
        _ => {}
    }
    let metrics = [
        ("MessagesPosted", posted, Unit::Count),
        ("MessagesUpdated", updated, Unit::Count),
        ("EventsSkipped", skipped, Unit::Count),
        ("PostsInDoubt", f64::from(in_doubt.count()), Unit::Count),
    ];
    metrics::emit(function, &metrics);
}

fn log_outcome(build: &Build, response: &FunctionResponse) {
    let (id, status) = (build.short_id(), build.status.as_str());
    let outcome = match response {
        FunctionResponse::Posted(_) => "posted the message".to_owned(),
        FunctionResponse::Updated(_) => "updated the message".to_owned(),
        FunctionResponse::Skipped(reason) => format!("skipped: {}", reason.explanation()),
        _ => return,
    };
    tracing::info!(
        build.id = id,
        build.status = status,
        "build {id} is {status}: {outcome}"
    );
}
