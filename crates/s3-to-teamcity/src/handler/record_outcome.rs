//! The outcome of each record of an event, with its log line, and the metrics of the event.

use lambda_core::metrics::{self, Unit};

use crate::adapters::teamcity::{FailureKind, UploadBuild};
use crate::batch_operations::TaskResultCode;
use crate::function_response::{BuildOfUpload, SkippedUpload, UploadReport};
use crate::notification::Notice;
use crate::route::SkipReason;
use crate::upload::Upload;

/// The outcome of one record.
pub(super) struct RecordOutcome {
    pub(super) notice: Notice,
    /// One result, or one for each route of an upload that several routes match.
    pub(super) results: Vec<RecordResult>,
}

#[derive(Clone)]
pub(super) enum RecordResult {
    Queued { route: String, build: UploadBuild },
    Known { route: String, build: UploadBuild },
    Skipped(SkipReason),
    Failed { route: String, failure: Failure },
}

#[derive(Clone)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) kind: FailureKind,
}

impl RecordOutcome {
    pub(super) fn new(notice: Notice, results: Vec<RecordResult>) -> Self {
        Self { notice, results }
    }

    /// Returns the outcome of a record that was left alone.
    pub(super) fn failed(notice: Notice, message: &str, kind: FailureKind) -> Self {
        let message = match &notice {
            Notice::Upload(upload) => format!("{upload}: {message}"),
            _ => message.to_owned(),
        };
        let failure = Failure { message, kind };
        let route = String::new();
        Self::new(notice, vec![RecordResult::Failed { route, failure }])
    }

    pub(super) fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.results.iter().filter_map(|result| match result {
            RecordResult::Failed { failure, .. } => Some(failure),
            _ => None,
        })
    }

    /// Writes the record's only log line.
    pub(super) fn log(&self) {
        let join = |part: fn(&RecordResult) -> String| {
            let parts: Vec<String> = self
                .results
                .iter()
                .map(part)
                .filter(|part| !part.is_empty())
                .collect();
            parts.join(", ")
        };
        let (route, outcome, id) = (
            join(RecordResult::route),
            join(RecordResult::outcome),
            join(RecordResult::build_id),
        );
        let texts: Vec<String> = self
            .results
            .iter()
            .map(|result| result.text(&self.notice))
            .collect();
        let text = texts.join("; ");
        let (bucket, key, event) = match &self.notice {
            Notice::Upload(upload) => (
                upload.bucket.as_str(),
                upload.key.as_str(),
                upload.event_name.as_str(),
            ),
            Notice::TestEvent { bucket } => (bucket.as_deref().unwrap_or_default(), "", "TestEvent"),
            Notice::Foreign(source) => ("", "", source.as_str()),
            Notice::Malformed(_) => ("", "", ""),
        };
        tracing::info!(
            s3.bucket = bucket,
            s3.key = key,
            s3.event = event,
            route,
            outcome,
            build.id = id,
            "{text}"
        );
    }

    /// Returns the result of a task of S3 Batch Operations.
    pub(super) fn task_result(&self) -> (TaskResultCode, String) {
        if let Some(failure) = self.failures().next() {
            let is_transient = self
                .failures()
                .any(|failure| failure.kind == FailureKind::Transient);
            let code = match is_transient {
                true => TaskResultCode::TemporaryFailure,
                false => TaskResultCode::PermanentFailure,
            };
            return (code, failure.message.clone());
        }
        let texts: Vec<String> = self.results.iter().map(RecordResult::task_text).collect();
        (TaskResultCode::Succeeded, texts.join(", "))
    }
}

impl RecordResult {
    fn route(&self) -> String {
        match self {
            Self::Queued { route, .. } | Self::Known { route, .. } | Self::Failed { route, .. } => {
                route.clone()
            }
            Self::Skipped(_) => String::new(),
        }
    }

    fn outcome(&self) -> String {
        match self {
            Self::Queued { .. } => "queued".to_owned(),
            Self::Known { .. } => "known".to_owned(),
            Self::Skipped(reason) => reason.code().to_owned(),
            Self::Failed { .. } => "failed".to_owned(),
        }
    }

    fn build_id(&self) -> String {
        match self {
            Self::Queued { build, .. } | Self::Known { build, .. } => build.id.to_string(),
            Self::Skipped(_) | Self::Failed { .. } => String::new(),
        }
    }

    fn text(&self, notice: &Notice) -> String {
        let object = describe(notice);
        match self {
            Self::Queued { build, .. } => format!("queued build {} for {object}", build.id),
            Self::Known { build, .. } => format!("skipped {object}: build {} serves it already", build.id),
            Self::Skipped(reason) => format!("skipped {object}: {reason}"),
            Self::Failed { failure, .. } => format!("failed: {}", failure.message),
        }
    }

    fn task_text(&self) -> String {
        match self {
            Self::Queued { build, .. } => format!("build {}", build.id),
            Self::Known { build, .. } => format!("known: build {}", build.id),
            Self::Skipped(reason) => format!("skipped: {}", reason.code()),
            Self::Failed { failure, .. } => failure.message.clone(),
        }
    }
}

fn describe(notice: &Notice) -> String {
    match notice {
        Notice::Upload(upload) => format!("{} of {upload}", upload.event_name),
        Notice::TestEvent { bucket } => format!("the set-up of bucket {}", bucket.as_deref().unwrap_or("?")),
        Notice::Foreign(source) => format!("an event of {source}"),
        Notice::Malformed(_) => "an unreadable record".to_owned(),
    }
}

/// Returns the report of all records, for channels that read it.
pub(super) fn report(outcomes: &[RecordOutcome]) -> UploadReport {
    let mut report = UploadReport::default();
    let build_of =
        |upload: &Upload, build: &UploadBuild| BuildOfUpload::new(upload, build.id, build.web_url.clone());
    for outcome in outcomes {
        for result in &outcome.results {
            match (result, &outcome.notice) {
                (RecordResult::Queued { build, .. }, Notice::Upload(upload)) => {
                    report.queued.push(build_of(upload, build));
                }
                (RecordResult::Known { build, .. }, Notice::Upload(upload)) => {
                    report.known.push(build_of(upload, build));
                }
                (RecordResult::Skipped(reason), notice) => {
                    report.skipped.push(SkippedUpload::new(notice, *reason));
                }
                _ => {}
            }
        }
    }
    report
}

/// Emits the metrics of an event. `dead_letters` is the number of messages sent to the dead-letter queue.
pub(super) fn emit_metrics(outcomes: &[RecordOutcome], dead_letters: usize, function: &str) {
    let results = || outcomes.iter().flat_map(|outcome| &outcome.results);
    let count = |is: fn(&RecordResult) -> bool| results().filter(|result| is(result)).count();
    let sum = |of: fn(&UploadBuild) -> usize| {
        let builds = results().filter_map(|result| match result {
            RecordResult::Queued { build, .. } | RecordResult::Known { build, .. } => Some(build),
            _ => None,
        });
        builds.map(of).sum::<usize>()
    };
    let metric = |name, count: usize| (name, count as f64, Unit::Count);
    let metrics = [
        metric(
            "BuildsQueued",
            count(|result| matches!(result, RecordResult::Queued { .. })),
        ),
        metric(
            "BuildsKnown",
            count(|result| matches!(result, RecordResult::Known { .. })),
        ),
        metric(
            "UploadsSkipped",
            count(|result| matches!(result, RecordResult::Skipped(_))),
        ),
        metric(
            "UploadsFailed",
            count(|result| matches!(result, RecordResult::Failed { .. })),
        ),
        metric("DeadLetters", dead_letters),
        metric("DuplicateCancelled", sum(|build| build.duplicates_cancelled)),
        metric("DuplicateStarted", sum(|build| build.duplicates_started)),
    ];
    metrics::emit(function, &metrics);
}
