//! What an event's notices come to.

use crate::answer::Skipped;
use crate::build_request::BuildRequest;
use crate::notification::Notice;
use crate::route::{Decision, Route, decide};
use crate::upload::Upload;

/// The builds that an event asks for, and what becomes of each of its notices.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each of them once, however often an event tells of the same upload.
    pub requests: Vec<BuildRequest>,
    /// In the order of the notices.
    pub steps: Vec<Step>,
}

/// What becomes of a notice.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The build with this number in [`Plan::requests`].
    Build(usize, Upload),
    /// Nothing, and why.
    Skip(Skipped),
    /// It could not be read.
    Fail(String),
}

/// Plans the builds for these notices.
pub fn plan(notices: impl IntoIterator<Item = Notice>, routes: &[Route], comment: &str) -> Plan {
    let mut plan = Plan::default();
    for notice in notices {
        let step = match notice {
            Notice::TestEvent { bucket } => Step::Skip(Skipped::test_event(bucket)),
            Notice::Malformed(fault) => Step::Fail(fault),
            Notice::Upload(upload) => match decide(&upload, routes, comment) {
                Decision::Skip(reason) => Step::Skip(Skipped::upload(&upload, reason)),
                Decision::Build(request) => Step::Build(plan.number_of(request), upload),
            },
        };
        plan.steps.push(step);
    }
    plan
}

impl Plan {
    fn number_of(&mut self, request: BuildRequest) -> usize {
        let is_same =
            |other: &BuildRequest| other.tag == request.tag && other.build_type == request.build_type;
        if let Some(number) = self.requests.iter().position(is_same) {
            return number;
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
    fn an_upload_that_is_told_twice_is_built_once() {
        let record = |key: &str, event: &str| json!({"eventName": event, "s3": {"bucket": {"name": "inbox"}, "object": {"key": key, "sequencer": "0A"}}});
        let records = [
            record("a", "ObjectCreated:Put"),
            json!({}),
            record("b", "ObjectCreated:Put"),
            record("a", "ObjectCreated:Put"),
            record("a", "ObjectRemoved:Delete"),
        ];
        let notices = notification::read(&json!({"Records": records})).expect("a notification");
        let plan = plan(
            notices,
            &[Route::to(BuildTypeId::parse("A").expect("a good id"))],
            "",
        );
        assert_eq!(plan.requests.len(), 2);
        let steps = plan.steps.iter().map(|step| match step {
            Step::Build(number, upload) => format!("{} is build {number}", upload.key),
            Step::Skip(_) => "skipped".to_owned(),
            Step::Fail(fault) => fault.clone(),
        });
        assert_eq!(
            steps.collect::<Vec<_>>(),
            [
                "a is build 0",
                "record 2 is neither S3's nor SNS's",
                "b is build 1",
                "a is build 0",
                "skipped",
            ]
        );
    }
}
