//! The outcome of an event, with its log lines and metrics.

use lambda_core::metrics::{self, Unit};

use crate::adapters::teamcity::UploadBuild;
use crate::function_response::{BuildOfUpload, SkippedUpload, UploadReport};
use crate::upload::Upload;

#[derive(Default)]
pub(super) struct EventOutcome {
    pub(super) report: UploadReport,
    /// Index and error message of each notice that failed.
    pub(super) failures: Vec<(usize, String)>,
    duplicates_cancelled: usize,
    duplicates_started: usize,
}

impl EventOutcome {
    pub(super) fn add_build(&mut self, upload: &Upload, build: &UploadBuild) {
        self.duplicates_cancelled += build.duplicates_cancelled;
        self.duplicates_started += build.duplicates_started;
        if !build.is_new {
            return self.add_known_build(upload, build);
        }
        let id = build.id;
        tracing::info!(s3.bucket = %upload.bucket, s3.key = %upload.key, build.id = id, "queued build {id} for {upload}");
        self.report.queued.push(build_of(upload, build));
    }

    pub(super) fn add_known_build(&mut self, upload: &Upload, build: &UploadBuild) {
        let id = build.id;
        tracing::info!(s3.bucket = %upload.bucket, s3.key = %upload.key, build.id = id, "skipped {upload}: it already has build {id}");
        self.report.known.push(build_of(upload, build));
    }

    pub(super) fn add_skipped(&mut self, upload: SkippedUpload) {
        let bucket = upload.bucket.as_deref().unwrap_or_default();
        let key = upload.key.as_deref().unwrap_or_default();
        let reason = upload.reason;
        tracing::info!(
            s3.bucket = bucket,
            s3.key = key,
            "skipped s3://{bucket}/{key}: {reason}"
        );
        self.report.skipped.push(upload);
    }

    pub(super) fn emit_metrics(&self, function: &str) {
        let count = |name, count: usize| (name, count as f64, Unit::Count);
        let metrics = [
            count("BuildsQueued", self.report.queued.len()),
            count("BuildsKnown", self.report.known.len()),
            count("UploadsSkipped", self.report.skipped.len()),
            count("UploadsFailed", self.failures.len()),
            count("DuplicateCancelled", self.duplicates_cancelled),
            count("DuplicateStarted", self.duplicates_started),
        ];
        metrics::emit(function, &metrics);
    }
}

fn build_of(upload: &Upload, build: &UploadBuild) -> BuildOfUpload {
    BuildOfUpload::new(upload, build.id, build.web_url.clone())
}
