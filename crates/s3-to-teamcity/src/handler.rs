//! From the event to the builds, queued.

use aws_lambda_events::sqs::SqsBatchResponse;
use futures_util::{StreamExt, stream};
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::metrics::{self, Unit};
use lambda_core::run::Handler;
use lambda_core::secrets::Secrets;
use lambda_core::variables::Variables;
use serde_json::Value;
use std::time::Duration;

use crate::adapters::teamcity::{Outcome, TeamCity};
use crate::answer::{Answer, QueuedBuild, Report};
use crate::build_request::BuildRequest;
use crate::config::Config;
use crate::event::{Event, Message};
use crate::notification::Notice;
use crate::plan::{Step, plan};
use crate::share::share;
use crate::upload::Upload;

/// How many builds are being queued at once.
const AT_ONCE: usize = 8;
/// What must be left for saying what could not be done; of a short invocation, a tenth.
const RESERVE: Duration = Duration::from_secs(1);
/// How many faults an error names.
const SHOWN: usize = 10;

/// Built at cold start.
pub struct S3ToTeamCity {
    config: Config,
    teamcity: TeamCity,
}

/// Uploads without a build. The others have theirs; the next attempt at this event finds them.
#[derive(Debug, thiserror::Error)]
#[error("{} of {of} could not be queued: {}", .faults.len(), shown(.faults))]
pub struct UploadsNotQueued {
    of: usize,
    faults: Vec<String>,
}

/// What became of the notices: a report, and for each notice that failed its number and why.
#[derive(Default)]
struct Done {
    report: Report,
    failed: Vec<(usize, String)>,
    cancelled: usize,
    started: usize,
}

impl S3ToTeamCity {
    /// Reads the configuration and makes the clients.
    ///
    /// # Errors
    /// For a wrong configuration.
    pub fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        Ok(Self {
            teamcity: TeamCity::new(&config.teamcity, Secrets::when_needed())?,
            config,
        })
    }

    /// Does what these notices ask for, and fails where a part of them failed.
    async fn report(&self, notices: Vec<Notice>, invocation: &Invocation) -> anyhow::Result<Report> {
        let of = notices.len();
        let done = self.work(notices, invocation).await;
        if done.failed.is_empty() {
            return Ok(done.report);
        }
        let faults = done.failed.into_iter().map(|(_, fault)| fault).collect();
        Err(UploadsNotQueued { of, faults }.into())
    }

    /// Does what these messages ask for, and names those of which a part failed.
    async fn batch(&self, messages: Vec<Message>, invocation: &Invocation) -> SqsBatchResponse {
        let (ids, notices): (Vec<String>, Vec<Notice>) = messages
            .into_iter()
            .flat_map(|message| {
                message
                    .notices
                    .into_iter()
                    .map(move |notice| (message.id.clone(), notice))
            })
            .unzip();
        let done = self.work(notices, invocation).await;
        let mut failed = Vec::new();
        for (number, fault) in &done.failed {
            let id = ids[*number].as_str();
            // The answer has room for the ids alone.
            tracing::error!(
                sqs.message_id = id,
                "could not queue what message {id} asks for: {fault}"
            );
            if !failed.contains(&id) {
                failed.push(id);
            }
        }
        let mut answer = SqsBatchResponse::default();
        answer.set_failures(failed);
        answer
    }

    /// Queues what these notices ask for; one that fails does not keep the others from it.
    async fn work(&self, notices: Vec<Notice>, invocation: &Invocation) -> Done {
        let plan = plan(notices, &self.config.routes, &self.config.comment);
        let builds = self.queue_all(&plan.requests, invocation.deadline).await;
        let mut done = Done::default();
        let mut is_told = vec![false; builds.len()];
        for (number, step) in plan.steps.into_iter().enumerate() {
            match step {
                Step::Skip(skipped) => done.report.skipped.push(skipped),
                Step::Fail(fault) => done.failed.push((number, fault)),
                Step::Build(build, upload) => match &builds[build] {
                    Err(error) => done.failed.push((number, format!("{upload}: {error:#}"))),
                    Ok(outcome) if is_told[build] => done.add_known(&upload, outcome),
                    Ok(outcome) => {
                        is_told[build] = true;
                        done.add(&upload, outcome);
                    }
                },
            }
        }
        done.emit(&invocation.function_name);
        done
    }

    /// Queues these builds, several at once, with an even share of the time left for each.
    async fn queue_all(&self, requests: &[BuildRequest], deadline: Deadline) -> Vec<anyhow::Result<Outcome>> {
        let until = Deadline::after(deadline.left().saturating_sub(RESERVE.min(deadline.whole() / 10)));
        let queued = stream::iter(requests.iter().enumerate()).map(|(number, request)| {
            let share = share(until.left(), requests.len() - number, AT_ONCE);
            async move {
                (
                    number,
                    self.teamcity.queue_once(request, Deadline::after(share)).await,
                )
            }
        });
        let mut outcomes: Vec<_> = queued.buffer_unordered(AT_ONCE).collect().await;
        outcomes.sort_by_key(|(number, _)| *number);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

impl Done {
    fn add(&mut self, upload: &Upload, outcome: &Outcome) {
        self.cancelled += outcome.cancelled;
        self.started += outcome.started;
        if !outcome.is_new {
            return self.add_known(upload, outcome);
        }
        let id = outcome.build.id;
        tracing::info!(s3.bucket = %upload.bucket, s3.key = %upload.key, build.id = id, "queued build {id} for {upload}");
        self.report.queued.push(queued_build(upload, outcome));
    }

    fn add_known(&mut self, upload: &Upload, outcome: &Outcome) {
        let id = outcome.build.id;
        tracing::info!(s3.bucket = %upload.bucket, s3.key = %upload.key, build.id = id, "build {id} is there for {upload}");
        self.report.known.push(queued_build(upload, outcome));
    }

    fn emit(&self, function: &str) {
        let count = |name, count: usize| (name, count as f64, Unit::Count);
        let metrics = [
            count("BuildsQueued", self.report.queued.len()),
            count("BuildsKnown", self.report.known.len()),
            count("UploadsSkipped", self.report.skipped.len()),
            count("UploadsFailed", self.failed.len()),
            count("DuplicateCancelled", self.cancelled),
            count("DuplicateStarted", self.started),
        ];
        metrics::emit(function, &metrics);
    }
}

fn queued_build(upload: &Upload, outcome: &Outcome) -> QueuedBuild {
    QueuedBuild::new(upload, outcome.build.id, outcome.build.web_url.clone())
}

/// The first few: an error is a line, not a report.
fn shown(faults: &[String]) -> String {
    let shown = faults.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    match faults.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown}; and {more} more"),
    }
}

impl Handler for S3ToTeamCity {
    type Answer = Answer;

    /// Queues a build for each upload of the event that a route matches.
    ///
    /// What nobody wants built (removed, no route, S3's test) is skipped with a reason. Everything else that
    /// has no build at the end is a failure, also what could not be read: a message of a queue by itself, so
    /// that the queue delivers it again and in the end keeps it aside; any other event as a whole, after the
    /// rest of it was queued.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Answer> {
        match Event::parse(&event)? {
            Event::Notices(notices) => Ok(Answer::Report(self.report(notices, &invocation).await?)),
            Event::Queue(messages) => Ok(Answer::Batch(self.batch(messages, &invocation).await)),
        }
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }

    fn error_type(error: &anyhow::Error) -> &'static str {
        if error.is::<UploadsNotQueued>() {
            "UploadsNotQueued"
        } else {
            "S3ToTeamCityError"
        }
    }
}
