//! What the function returns.

use aws_lambda_events::sqs::SqsBatchResponse;
use serde::Serialize;

use crate::route::Reason;
use crate::upload::Upload;

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a batch of a queue, which understands nothing else.
    Batch(SqsBatchResponse),
    /// To any other event.
    Report(Report),
}

/// What became of each upload.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Builds that this call queued.
    pub queued: Vec<QueuedBuild>,
    /// Builds that were there already.
    pub known: Vec<QueuedBuild>,
    /// Uploads without a build.
    pub skipped: Vec<Skipped>,
}

/// An upload's build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueuedBuild {
    bucket: String,
    key: String,
    build_id: u64,
    web_url: Option<String>,
}

/// An upload without a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    bucket: Option<String>,
    key: Option<String>,
    reason: &'static str,
}

impl QueuedBuild {
    /// The build of `upload`.
    pub fn new(upload: &Upload, build_id: u64, web_url: Option<String>) -> Self {
        Self {
            bucket: upload.bucket.clone(),
            key: upload.key.to_string(),
            build_id,
            web_url,
        }
    }
}

impl Skipped {
    /// `upload` has no build.
    pub fn upload(upload: &Upload, reason: Reason) -> Self {
        Self {
            bucket: Some(upload.bucket.clone()),
            key: Some(upload.key.to_string()),
            reason: reason.as_str(),
        }
    }

    /// S3's test of its notifications is about no object.
    pub fn test_event(bucket: Option<String>) -> Self {
        Self {
            bucket,
            key: None,
            reason: Reason::TestEvent.as_str(),
        }
    }
}
