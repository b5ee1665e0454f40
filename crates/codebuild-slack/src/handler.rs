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
use crate::adapters::slack::{Slack, SlackError};
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

/// What an event came to, and how many of its posts had no answer.
struct Outcome {
    answer: Answer,
    in_doubt: u32,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self { answer, in_doubt: 0 }
    }
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

    async fn tell(&self, build: &Build, invocation: &Invocation) -> anyhow::Result<Outcome> {
        let deadline = invocation.deadline;
        let until = Deadline::after(deadline.left().saturating_sub(RESERVE.min(deadline.whole() / 10)));
        let decision = route::decide(
            &self.config.routes,
            &self.config.statuses,
            &build.project,
            build.status,
        );
        match (&self.table, decision) {
            (Some(table), Decision::Tell { channel, mention }) => {
                let telling = one_message::Telling {
                    channel: self.channel(channel),
                    mention,
                    is_told: true,
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
                };
                self.tell_in_one_message(table, build, telling, invocation, until)
                    .await
            }
            (None, Decision::Tell { channel, mention }) if build.status.is_final() => {
                self.tell_the_end(build, self.channel(channel), mention, until)
                    .await
            }
            (None, Decision::Tell { .. }) => Ok(Answer::Skipped(Reason::Status).into()),
            (_, Decision::Skip(reason)) => Ok(Answer::Skipped(reason).into()),
        }
    }

    /// Without a table: one message, at the end.
    async fn tell_the_end(
        &self,
        build: &Build,
        channel: &str,
        mention: Option<&Mention>,
        until: Deadline,
    ) -> anyhow::Result<Outcome> {
        let key = format!("{} {}", build.id, build.status.as_str());
        if self.recent().has(&key) {
            return Ok(Answer::Skipped(Reason::Duplicate).into());
        }
        let message = self.compose(build, mention, until).await;
        let posted = self.slack.post(channel, &message, until).await?;
        self.recent().add(key);
        Ok(Outcome {
            answer: Answer::Posted(posted.place),
            in_doubt: posted.in_doubt,
        })
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

fn emit(function: &str, outcome: &Outcome) {
    let is = |kind: bool| f64::from(u8::from(kind));
    let metrics = [
        (
            "MessagesPosted",
            is(matches!(outcome.answer, Answer::Posted(_))),
            Unit::Count,
        ),
        (
            "MessagesUpdated",
            is(matches!(outcome.answer, Answer::Updated(_))),
            Unit::Count,
        ),
        (
            "EventsSkipped",
            is(matches!(outcome.answer, Answer::Skipped(_))),
            Unit::Count,
        ),
        ("PostsInDoubt", f64::from(outcome.in_doubt), Unit::Count),
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
        let outcome = Box::pin(self.tell(&build, &invocation)).await?;
        let (id, status) = (build.short_id(), build.status.as_str());
        tracing::info!(
            build.id = id,
            build.status = status,
            "{id} is {status}: {}",
            in_a_word(&outcome.answer)
        );
        emit(&invocation.function_name, &outcome);
        Ok(outcome.answer)
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
