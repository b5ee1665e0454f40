//! The JSON that the function returns.

use aws_lambda_events::sqs::SqsBatchResponse;
use serde::Serialize;

use crate::route::SkipReason;
use crate::upload::Upload;

/// The response to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FunctionResponse {
    /// The response to SQS, which accepts only this form.
    SqsBatch(SqsBatchResponse),
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
    pub(crate) bucket: Option<String>,
    /// `None` for S3's test event, which concerns no object.
    pub(crate) key: Option<String>,
    pub(crate) reason: SkipReason,
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
    pub(crate) fn new(upload: &Upload, reason: SkipReason) -> Self {
        Self {
            bucket: Some(upload.bucket.clone()),
            key: Some(upload.key.to_string()),
            reason,
        }
    }

    pub(crate) fn test_event(bucket: Option<String>) -> Self {
        Self {
            bucket,
            key: None,
            reason: SkipReason::TestEvent,
        }
    }
}
