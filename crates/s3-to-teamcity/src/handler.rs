//! The handling of one event.

mod event_outcome;

use aws_lambda_events::sqs::SqsBatchResponse;
use futures_util::{StreamExt, stream};
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::run::{ErrorType, Handler};
use lambda_core::secrets::Secrets;
use lambda_core::variables::Variables;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;

use crate::adapters::teamcity::{TeamCity, UploadBuild};
use crate::build_plan::{BuildPlan, Step};
use crate::build_request::BuildRequest;
use crate::config::Config;
use crate::event::{Event, SqsMessage};
use crate::function_response::{FunctionResponse, UploadReport};
use crate::notification::Notice;
use crate::time_share::time_share;

use event_outcome::EventOutcome;

const CONCURRENT_BUILDS: usize = 8;
/// Time kept for the response, at most a tenth of the invocation.
const RESERVE: Duration = Duration::from_secs(1);
/// Failures that an error lists.
const LISTED_FAILURES: usize = 10;

/// The function, set up at cold start.
pub struct S3ToTeamCity {
    config: Config,
    teamcity: TeamCity,
}

// Called by AWS for every event.
impl Handler for S3ToTeamCity {
    type Response = FunctionResponse;

    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<UploadsNotQueued>("UploadsNotQueued"),
        ErrorType::any("S3ToTeamCityError"),
    ];

    /// Queues a build for each upload that a route matches.
    ///
    /// Removed objects, uploads without a route and S3's test event are skipped with a reason. Any other upload that has
    /// no build at the end is a failure, and so is a notice that could not be read. A failure in an SQS message fails
    /// this message alone: the queue delivers it again, and at last moves it to the dead-letter queue. Any other event
    /// fails as a whole, after the builds of its other uploads were queued.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<FunctionResponse> {
        Ok(match Event::parse(&event)? {
            Event::Notification(notices) => {
                FunctionResponse::Uploads(self.handle_notification(notices, &invocation).await?)
            }
            Event::SqsBatch(messages) => {
                FunctionResponse::SqsBatch(self.handle_batch(messages, &invocation).await)
            }
        })
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }
}

// Called once, at cold start.
impl S3ToTeamCity {
    /// Reads the configuration and creates the client of TeamCity.
    ///
    /// # Errors
    ///
    /// The configuration is invalid.
    pub fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        Ok(Self {
            teamcity: TeamCity::new(&config.teamcity, Secrets::lazy())?,
            config,
        })
    }
}

// Called for the notices of every event.
impl S3ToTeamCity {
    async fn handle_notification(
        &self,
        notices: Vec<Notice>,
        invocation: &Invocation,
    ) -> anyhow::Result<UploadReport> {
        let total = notices.len();
        let outcome = self.queue_builds(notices, invocation).await;
        if outcome.failures.is_empty() {
            return Ok(outcome.report);
        }
        let failures = outcome.failures.into_iter().map(|(_, failure)| failure);
        Err(UploadsNotQueued {
            total,
            failures: failures.collect(),
        }
        .into())
    }

    async fn handle_batch(&self, messages: Vec<SqsMessage>, invocation: &Invocation) -> SqsBatchResponse {
        let mut message_ids = Vec::new();
        let mut notices = Vec::new();
        for message in messages {
            message_ids.extend(message.notices.iter().map(|_| message.id.clone()));
            notices.extend(message.notices);
        }
        let outcome = self.queue_builds(notices, invocation).await;
        let mut failed_ids = Vec::new();
        for (notice, failure) in &outcome.failures {
            let id = message_ids[*notice].as_str();
            // The response has room for the ids only.
            tracing::error!(sqs.message_id = id, "failed SQS message {id}: {failure}");
            if !failed_ids.contains(&id) {
                failed_ids.push(id);
            }
        }
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed_ids);
        response
    }

    /// Queues the builds that these notices request. A failed one does not stop the others.
    async fn queue_builds(&self, notices: Vec<Notice>, invocation: &Invocation) -> EventOutcome {
        let plan = BuildPlan::new(notices, &self.config.routes, &self.config.comment);
        let builds = self.queue_all(&plan.requests, invocation.deadline).await;
        let mut outcome = EventOutcome::default();
        let mut reported = HashSet::new();
        for (notice, step) in plan.steps.into_iter().enumerate() {
            match step {
                Step::Skip(upload) => outcome.add_skipped(upload),
                Step::Fail(failure) => outcome.failures.push((notice, failure)),
                Step::Build(index, upload) => match &builds[index] {
                    Err(error) => outcome.failures.push((notice, format!("{upload}: {error:#}"))),
                    Ok(build) if reported.insert(index) => outcome.add_build(&upload, build),
                    Ok(build) => outcome.add_known_build(&upload, build),
                },
            }
        }
        outcome.emit_metrics(&invocation.function_name);
        outcome
    }

    /// Queues builds concurrently. Each gets an even share of the remaining time.
    async fn queue_all(
        &self,
        requests: &[BuildRequest],
        deadline: Deadline,
    ) -> Vec<anyhow::Result<UploadBuild>> {
        let reserve = RESERVE.min(deadline.total() / 10);
        let deadline = Deadline::after(deadline.remaining().saturating_sub(reserve));
        let builds = stream::iter(requests.iter().enumerate()).map(|(index, request)| {
            let share = time_share(deadline.remaining(), requests.len() - index, CONCURRENT_BUILDS);
            async move {
                let build = self.teamcity.queue_once(request, Deadline::after(share)).await;
                (index, build)
            }
        });
        let mut builds: Vec<_> = builds.buffer_unordered(CONCURRENT_BUILDS).collect().await;
        builds.sort_by_key(|(index, _)| *index);
        builds.into_iter().map(|(_, build)| build).collect()
    }
}

/// The error for an event of which some uploads have no build. A retry finds the builds of the others.
#[derive(Debug, thiserror::Error)]
#[error("could not queue builds for {} of {total} uploads: {}", .failures.len(), list(.failures))]
struct UploadsNotQueued {
    total: usize,
    failures: Vec<String>,
}

fn list(failures: &[String]) -> String {
    let listed = failures.len().min(LISTED_FAILURES);
    let list = failures[..listed].join("; ");
    match failures.len() - listed {
        0 => list,
        more => format!("{list}; and {more} more"),
    }
}
