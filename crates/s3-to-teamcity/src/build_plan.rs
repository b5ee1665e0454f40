//! The builds that one event requests.

use crate::build_request::BuildRequest;
use crate::notification::Notice;
use crate::route::{Route, SkipReason, builds_for};

/// The builds to queue for an event, and the step to take for each of its notices.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildPlan {
    /// The builds, each of them once, even if the event reports an upload several times.
    pub(crate) requests: Vec<BuildRequest>,
    /// The notices in their order, each with its step.
    pub(crate) steps: Vec<(Notice, Step)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Queue the builds with these indices in [`BuildPlan::requests`].
    Build(Vec<usize>),
    Skip(SkipReason),
    /// Report a notice that could not be read.
    Fail(String),
}

impl BuildPlan {
    pub(crate) fn new(
        notices: impl IntoIterator<Item = Notice>,
        routes: &[Route],
        comment: Option<&str>,
    ) -> Self {
        let mut plan = Self::default();
        for notice in notices {
            let step = match &notice {
                Notice::TestEvent { .. } => Step::Skip(SkipReason::TestEvent),
                Notice::Foreign(_) => Step::Skip(SkipReason::Foreign),
                Notice::Malformed(fault) => Step::Fail(fault.clone()),
                Notice::Upload(upload) => match builds_for(upload, routes, comment) {
                    Err(reason) => Step::Skip(reason),
                    Ok(requests) => Step::Build(
                        requests
                            .into_iter()
                            .map(|request| plan.index_of(request))
                            .collect(),
                    ),
                },
            };
            plan.steps.push((notice, step));
        }
        plan
    }

    fn index_of(&mut self, request: BuildRequest) -> usize {
        if let Some(index) = self
            .requests
            .iter()
            .position(|other| other.is_same_build(&request))
        {
            return index;
        }
        self.requests.push(request);
        self.requests.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::build_request::BuildTypeId;
    use crate::notification;

    fn record(key: &str, event: &str) -> Value {
        json!({"eventName": event, "s3": {"bucket": {"name": "inbox"}, "object": {"key": key, "sequencer": "0A"}}})
    }

    fn plan(records: &[Value], route: Route) -> BuildPlan {
        let notices = notification::read(&json!({"Records": records})).expect("a notification");
        BuildPlan::new(notices, &[route], None)
    }

    fn route() -> Route {
        Route::to(BuildTypeId::parse("A").expect("a good id"))
    }

    #[test]
    fn an_upload_that_is_reported_twice_is_built_once() {
        let records = [
            record("a", "ObjectCreated:Put"),
            json!({}),
            record("b", "ObjectCreated:Put"),
            record("a", "ObjectCreated:Put"),
            record("a", "ObjectRemoved:Delete"),
        ];
        let plan = plan(&records, route());
        assert_eq!(plan.requests.len(), 2);
        let steps: Vec<Step> = plan.steps.into_iter().map(|(_, step)| step).collect();
        let fault = "record 2 is neither an S3 nor an SNS record".to_owned();
        let expected = [
            Step::Build(vec![0]),
            Step::Fail(fault),
            Step::Build(vec![1]),
            Step::Build(vec![0]),
            Step::Skip(SkipReason::Removed),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn uploads_of_a_coalescing_route_share_a_build() {
        let route = Route {
            coalesce: true,
            ..route()
        };
        let records = [record("a", "ObjectCreated:Put"), record("b", "ObjectCreated:Put")];
        let plan = plan(&records, route);
        assert_eq!(plan.requests.len(), 1);
        assert!(plan.steps.iter().all(|(_, step)| *step == Step::Build(vec![0])));
    }
}
