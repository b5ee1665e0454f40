//! The builds that one event requests.

use crate::build_request::BuildRequest;
use crate::function_response::SkippedUpload;
use crate::notification::Notice;
use crate::route::{Route, build_for};
use crate::upload::Upload;

/// The builds to queue for an event, and the step to take for each of its notices.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildPlan {
    /// The builds, each of them once, even if the event reports an upload several times.
    pub(crate) requests: Vec<BuildRequest>,
    /// The steps, in the order of the notices.
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Queue the build with this index in [`BuildPlan::requests`].
    Build(usize, Upload),
    Skip(SkippedUpload),
    /// Report a notice that could not be read.
    Fail(String),
}

impl BuildPlan {
    pub(crate) fn new(notices: impl IntoIterator<Item = Notice>, routes: &[Route], comment: &str) -> Self {
        let mut plan = Self::default();
        for notice in notices {
            let step = match notice {
                Notice::TestEvent { bucket } => Step::Skip(SkippedUpload::test_event(bucket)),
                Notice::Malformed(fault) => Step::Fail(fault),
                Notice::Upload(upload) => match build_for(&upload, routes, comment) {
                    Err(reason) => Step::Skip(SkippedUpload::new(&upload, reason)),
                    Ok(request) => Step::Build(plan.index_of(request), upload),
                },
            };
            plan.steps.push(step);
        }
        plan
    }

    fn index_of(&mut self, request: BuildRequest) -> usize {
        let is_same =
            |other: &BuildRequest| other.tag == request.tag && other.build_type == request.build_type;
        if let Some(index) = self.requests.iter().position(is_same) {
            return index;
        }
        self.requests.push(request);
        self.requests.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_request::BuildTypeId;
    use crate::notification;
    use serde_json::json;

    #[test]
    fn an_upload_that_is_reported_twice_is_built_once() {
        let record = |key: &str, event: &str| json!({"eventName": event, "s3": {"bucket": {"name": "inbox"}, "object": {"key": key, "sequencer": "0A"}}});
        let records = [
            record("a", "ObjectCreated:Put"),
            json!({}),
            record("b", "ObjectCreated:Put"),
            record("a", "ObjectCreated:Put"),
            record("a", "ObjectRemoved:Delete"),
        ];
        let notices = notification::read(&json!({"Records": records})).expect("a notification");
        let plan = BuildPlan::new(
            notices,
            &[Route::to(BuildTypeId::parse("A").expect("a good id"))],
            "",
        );
        assert_eq!(plan.requests.len(), 2);
        let steps = plan.steps.iter().map(|step| match step {
            Step::Build(index, upload) => format!("{} is build {index}", upload.key),
            Step::Skip(_) => "skipped".to_owned(),
            Step::Fail(fault) => fault.clone(),
        });
        assert_eq!(
            steps.collect::<Vec<_>>(),
            [
                "a is build 0",
                "record 2 is neither an S3 nor an SNS record",
                "b is build 1",
                "a is build 0",
                "skipped",
            ]
        );
    }
}
