//! The handling of one event.

mod checks;
mod record_outcome;
mod sqs_batch;

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use lambda_core::check::Check;
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::run::{ErrorType, Handler};
use lambda_core::secrets::Secrets;
use lambda_core::variables::Variables;
use record_outcome::{Failure, RecordOutcome, RecordResult, emit_metrics, report};
use serde_json::Value;

use crate::adapters::dead_letters::DeadLetters;
use crate::adapters::teamcity::{BuildNotQueued, FailureKind, TeamCity, UploadBuild};
use crate::batch_operations::{BatchTaskResults, BatchTasks};
use crate::build_plan::{BuildPlan, Step};
use crate::build_request::BuildRequest;
use crate::config::Config;
use crate::event::Event;
use crate::function_response::{FunctionResponse, UploadReport};
use crate::notification::Notice;
use crate::route_reach::with_leading_slash;
use crate::time_share::time_share;

const CONCURRENT_BUILDS: usize = 8;
/// Time kept for the response, at most a tenth of the invocation.
const RESERVE: Duration = Duration::from_secs(1);
/// Failures that an error lists.
const LISTED_FAILURES: usize = 10;

/// The function, set up at cold start.
pub struct S3ToTeamCity {
    config: Config,
    teamcity: TeamCity,
    dead_letters: Option<DeadLetters>,
}

// Called by AWS for every event.
impl Handler for S3ToTeamCity {
    type Event = Value;
    type Response = FunctionResponse;

    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<UploadsNotQueued>("UploadsNotQueued"),
        ErrorType::any("S3ToTeamCityError"),
    ];

    /// Queues a build for each upload that a route matches.
    ///
    /// Removed objects, folder markers, uploads without a route, S3's test event and events about something else are
    /// skipped with a reason. Any other upload that has no build at the end is a failure, and so is a notice that could not
    /// be read. A failure in an SQS message fails this message alone: the queue delivers it again, and at last moves it to
    /// the dead-letter queue; a message that no retry can repair is sent there at once. A failure of a task fails this task
    /// alone. Any other event fails as a whole, after the builds of its other uploads were queued.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<FunctionResponse> {
        // Boxed: nested futures of this depth exceed the compiler's limit in `main`.
        Ok(match Event::parse(&event)? {
            Event::Notification(notices) => {
                FunctionResponse::Uploads(Box::pin(self.handle_notification(notices, &invocation)).await?)
            }
            Event::SqsBatch(messages) => {
                FunctionResponse::SqsBatch(Box::pin(self.handle_batch(messages, &invocation)).await)
            }
            Event::BatchOperations(tasks) => {
                FunctionResponse::BatchOperations(Box::pin(self.handle_tasks(tasks, &invocation)).await)
            }
        })
    }

    async fn checks(&self, invocation: &Invocation) -> Vec<Check> {
        Box::pin(self.make_checks(invocation)).await
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
        for route in with_leading_slash(&config.routes) {
            let name = &route.name;
            tracing::warn!(
                "{name} matches keys that begin with /; keys seldom do, in/a.csv is the usual form"
            );
        }
        Ok(Self {
            teamcity: TeamCity::new(&config.teamcity, Secrets::lazy())?,
            dead_letters: config.dead_letter_queue_url.as_deref().map(DeadLetters::new),
            config,
        })
    }
}

// Called for the records of every event.
impl S3ToTeamCity {
    async fn handle_notification(
        &self,
        notices: Vec<Notice>,
        invocation: &Invocation,
    ) -> anyhow::Result<UploadReport> {
        let total = notices.len();
        let outcomes = self
            .queue_builds(notices, self.working_time(invocation.deadline))
            .await;
        emit_metrics(&outcomes, 0, &invocation.function_name);
        let failures = outcomes.iter().flat_map(RecordOutcome::failures);
        let failures: Vec<String> = failures.map(|failure| failure.message.clone()).collect();
        match failures.is_empty() {
            true => Ok(report(&outcomes)),
            false => Err(UploadsNotQueued { total, failures }.into()),
        }
    }

    async fn handle_tasks(&self, tasks: BatchTasks, invocation: &Invocation) -> BatchTaskResults {
        let notices = tasks.tasks.iter().map(|task| task.notice.clone()).collect();
        let outcomes = self
            .queue_builds(notices, self.working_time(invocation.deadline))
            .await;
        emit_metrics(&outcomes, 0, &invocation.function_name);
        tasks.results(outcomes.iter().map(RecordOutcome::task_result))
    }

    /// Queues the builds that these notices request, and logs the outcome of each. A failed one does not stop the others.
    async fn queue_builds(&self, notices: Vec<Notice>, deadline: Deadline) -> Vec<RecordOutcome> {
        let plan = BuildPlan::new(notices, &self.config.routes, self.config.comment.as_deref());
        let builds = self.queue_all(&plan.requests, deadline).await;
        let mut reported = HashSet::new();
        let mut outcomes = Vec::new();
        for (notice, step) in plan.steps {
            let outcome = match step {
                Step::Skip(reason) => RecordOutcome::new(notice, vec![RecordResult::Skipped(reason)]),
                Step::Fail(fault) => RecordOutcome::failed(notice, &fault, FailureKind::Permanent),
                Step::Build(indices) => {
                    let result = |index: usize| {
                        let is_first = reported.insert(index);
                        result(&plan.requests[index], &builds[index], is_first)
                    };
                    let results = indices.into_iter().map(result).collect();
                    RecordOutcome::new(notice, results)
                }
            };
            outcome.log();
            outcomes.push(outcome);
        }
        outcomes
    }

    /// Queues builds concurrently. Each gets an even share of the remaining time.
    async fn queue_all(
        &self,
        requests: &[BuildRequest],
        deadline: Deadline,
    ) -> Vec<Result<UploadBuild, BuildNotQueued>> {
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

    /// Returns the time for builds, which leaves some for the response.
    fn working_time(&self, deadline: Deadline) -> Deadline {
        let reserve = RESERVE.min(deadline.total() / 10);
        Deadline::after(deadline.remaining().saturating_sub(reserve))
    }
}

/// Returns the result of one request for a record. A build that several records share is new for the first of them.
fn result(
    request: &BuildRequest,
    build: &Result<UploadBuild, BuildNotQueued>,
    is_first: bool,
) -> RecordResult {
    let route = request.route.clone();
    match build {
        Err(error) => {
            let message = format!("{}: {error}", request.object);
            let kind = error.kind;
            let failure = Failure { message, kind };
            RecordResult::Failed { route, failure }
        }
        Ok(build) if build.is_new && is_first => RecordResult::Queued {
            route,
            build: build.clone(),
        },
        Ok(build) => {
            // The duplicates of a shared build were counted for its first record.
            let count = |count| if is_first { count } else { 0 };
            let build = UploadBuild {
                duplicates_cancelled: count(build.duplicates_cancelled),
                duplicates_started: count(build.duplicates_started),
                ..build.clone()
            };
            RecordResult::Known { route, build }
        }
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
