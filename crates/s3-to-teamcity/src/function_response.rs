//! The JSON that the function returns.

use aws_lambda_events::sqs::SqsBatchResponse;
use serde::Serialize;

use crate::batch_operations::BatchTaskResults;
use crate::notification::Notice;
use crate::route::SkipReason;
use crate::upload::Upload;

/// The response to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FunctionResponse {
    /// The response to SQS, which accepts only this form.
    SqsBatch(SqsBatchResponse),
    /// The response to S3 Batch Operations.
    BatchOperations(BatchTaskResults),
    /// The response to every other event.
    Uploads(UploadReport),
}

/// The outcome of every upload.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct UploadReport {
    /// Builds that this invocation queued.
    pub(crate) queued: Vec<BuildOfUpload>,
    /// Builds that existed already.
    pub(crate) known: Vec<BuildOfUpload>,
    pub(crate) skipped: Vec<SkippedUpload>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BuildOfUpload {
    bucket: String,
    key: String,
    build_id: u64,
    web_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SkippedUpload {
    bucket: Option<String>,
    /// `None` for an event that concerns no object, such as S3's test event.
    key: Option<String>,
    reason: SkipReason,
}

impl BuildOfUpload {
    pub(crate) fn new(upload: &Upload, build_id: u64, web_url: Option<String>) -> Self {
        Self {
            bucket: upload.bucket.clone(),
            key: upload.key.to_string(),
            build_id,
            web_url,
        }
    }
}

impl SkippedUpload {
    pub(crate) fn new(notice: &Notice, reason: SkipReason) -> Self {
        let (bucket, key) = match notice {
            Notice::Upload(upload) => (Some(upload.bucket.clone()), Some(upload.key.to_string())),
            Notice::TestEvent { bucket } => (bucket.clone(), None),
            Notice::Foreign(_) | Notice::Malformed(_) => (None, None),
        };
        Self { bucket, key, reason }
    }
}
