//! From the event to the message.

mod findings;
mod one_message;

use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::metrics::{self, Unit};
use lambda_core::run::Handler;
use lambda_core::secrets::Secrets;
use lambda_core::variables::Variables;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::adapters::aws::Aws;
use crate::adapters::codebuild::CodeBuild;
use crate::adapters::dynamodb::Table;
use crate::adapters::logs::Logs;
use crate::adapters::slack::{Doubts, Slack, SlackError};
use crate::answer::{Answer, Reason};
use crate::build::Build;
use crate::config::Config;
use crate::event;
use crate::mention::Mention;
use crate::message::{self, Message};
use crate::recent::Recent;
use crate::route::{self, Decision};
use crate::status::Status;

/// What must be left for noting what was said, and for saying what was not; of a short invocation, a tenth.
const RESERVE: Duration = Duration::from_secs(2);

/// Built at cold start.
pub struct CodeBuildSlack {
    config: Config,
    slack: Slack,
    table: Option<Table>,
    logs: Logs,
    codebuild: CodeBuild,
    recent: Mutex<Recent>,
}

impl CodeBuildSlack {
    /// Reads the configuration and makes the clients. Nothing of AWS is set up before an event needs it.
    ///
    /// # Errors
    /// For a wrong configuration.
    pub fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        if config.table.is_none() && config.statuses.contains(&Status::InProgress) {
            tracing::warn!(
                "IN_PROGRESS is told only with MESSAGES_TABLE: without it, a build has one message, at its end"
            );
        }
        if config.table.is_some() {
            for ends in route::ends_nobody_is_called_to(&config.routes, &config.statuses) {
                tracing::warn!(
                    "with MESSAGES_TABLE, a build's end changes the message of its start, in its channel and without \
                     calling anybody: for {ends}, leave IN_PROGRESS out of the statuses of NOTIFY_STATUSES and of all \
                     routes for these projects"
                );
            }
        }
        let aws = Arc::new(Aws::default());
        Ok(Self {
            slack: Slack::new(&config.slack, Secrets::when_needed())?,
            table: config
                .table
                .as_deref()
                .map(|name| Table::new(Arc::clone(&aws), name)),
            logs: Logs::new(Arc::clone(&aws)),
            codebuild: CodeBuild::new(aws),
            recent: Mutex::default(),
            config,
        })
    }

    async fn tell(&self, build: &Build, invocation: &Invocation, doubts: &Doubts) -> anyhow::Result<Answer> {
        let deadline = invocation.deadline;
        let until = Deadline::after(deadline.left().saturating_sub(RESERVE.min(deadline.whole() / 10)));
        let decide =
            |status| route::decide(&self.config.routes, &self.config.statuses, &build.project, status);
        match (&self.table, decide(build.status)) {
            (Some(table), Decision::Tell { channel, mention }) => {
                let telling = one_message::Telling {
                    channel: self.channel(channel),
                    mention,
                    is_told: true,
                    is_start_told: true,
                    doubts,
                };
                self.tell_in_one_message(table, build, telling, invocation, until)
                    .await
            }
            // Nobody wants to know that it has ended so; but where there is a message, it must not go on saying that
            // the build runs.
            (Some(table), Decision::Skip(Reason::Status)) if build.status.is_final() => {
                let telling = one_message::Telling {
                    channel: self.channel(None),
                    mention: None,
                    is_told: false,
                    is_start_told: matches!(decide(Status::InProgress), Decision::Tell { .. }),
                    doubts,
                };
                self.tell_in_one_message(table, build, telling, invocation, until)
                    .await
            }
            (None, Decision::Tell { channel, mention }) if build.status.is_final() => {
                self.tell_the_end(build, self.channel(channel), mention, until, doubts)
                    .await
            }
            (None, Decision::Tell { .. }) => Ok(Answer::Skipped(Reason::Status)),
            (_, Decision::Skip(reason)) => Ok(Answer::Skipped(reason)),
        }
    }

    /// Without a table: one message, at the end.
    async fn tell_the_end(
        &self,
        build: &Build,
        channel: &str,
        mention: Option<&Mention>,
        until: Deadline,
        doubts: &Doubts,
    ) -> anyhow::Result<Answer> {
        let key = format!("{} {}", build.id, build.status.as_str());
        if self.recent().has(&key) {
            return Ok(Answer::Skipped(Reason::Duplicate));
        }
        let message = self.compose(build, mention, until).await;
        let place = self.slack.post(channel, &message, until, doubts).await?;
        self.recent().add(key);
        Ok(Answer::Posted(place))
    }

    async fn compose(&self, build: &Build, mention: Option<&Mention>, until: Deadline) -> Message {
        let findings = self.find_out(build, until).await;
        message::render(build, &findings, mention, &self.config.voice)
    }

    /// Of a route, or the usual one; a webhook's is unknown.
    fn channel<'c>(&'c self, of_route: Option<&'c str>) -> &'c str {
        of_route.or(self.config.channel.as_deref()).unwrap_or_default()
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Also where the event has failed: posts may be in doubt all the same.
fn emit(function: &str, answer: Option<&Answer>, doubts: &Doubts) {
    let is = |kind: bool| f64::from(u8::from(kind));
    let metrics = [
        (
            "MessagesPosted",
            is(matches!(answer, Some(Answer::Posted(_)))),
            Unit::Count,
        ),
        (
            "MessagesUpdated",
            is(matches!(answer, Some(Answer::Updated(_)))),
            Unit::Count,
        ),
        (
            "EventsSkipped",
            is(matches!(answer, Some(Answer::Skipped(_)))),
            Unit::Count,
        ),
        ("PostsInDoubt", f64::from(doubts.count()), Unit::Count),
    ];
    metrics::emit(function, &metrics);
}

impl Handler for CodeBuildSlack {
    type Answer = Answer;

    /// Says in Slack what has become of a build.
    ///
    /// What nobody wants to know, and what was said before, is skipped with a reason. Everything else that is not said
    /// at the end is an error, so that Lambda tries again: Slack down or full, the token wrong, another environment in
    /// the midst of the same build's message. Log, history and commit are looked up as well as possible, and no
    /// message fails for the lack of them.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Answer> {
        let build = event::parse(&event)?;
        // Boxed: the SDKs' futures are large, and would be part of every future from here up to `main`.
        let doubts = Doubts::default();
        let told = Box::pin(self.tell(&build, &invocation, &doubts)).await;
        emit(&invocation.function_name, told.as_ref().ok(), &doubts);
        let answer = told?;
        let (id, status) = (build.short_id(), build.status.as_str());
        tracing::info!(
            build.id = id,
            build.status = status,
            "{id} is {status}: {}",
            in_a_word(&answer)
        );
        Ok(answer)
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }

    fn error_type(error: &anyhow::Error) -> &'static str {
        if error.downcast_ref::<SlackError>().is_some() {
            "MessageNotPosted"
        } else if error.is::<one_message::LeaseHeld>() {
            "LeaseHeld"
        } else {
            "CodeBuildSlackError"
        }
    }
}

fn in_a_word(answer: &Answer) -> &'static str {
    match answer {
        Answer::Posted(_) => "posted",
        Answer::Updated(_) => "updated",
        Answer::Skipped(Reason::Status | Reason::Route) => "nobody wants to know",
        Answer::Skipped(Reason::Duplicate) => "said before",
        Answer::Skipped(Reason::Older) => "something newer was said before",
    }
}
