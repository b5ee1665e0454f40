//! The choice of the build for an upload.

use serde::Serialize;
use std::fmt;

use crate::build_request::{BuildRequest, BuildTypeId};
use crate::event_name::EventPattern;
use crate::template::Template;
use crate::upload::Upload;

/// A rule that queues a build for uploads of one kind. A condition that is `None` matches every upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) bucket: Option<String>,
    /// The beginning of the key.
    pub(crate) prefix: Option<String>,
    /// The end of the key.
    pub(crate) suffix: Option<String>,
    pub(crate) events: Vec<EventPattern>,
    /// The least size of the object in bytes.
    pub(crate) min_size: Option<u64>,
    pub(crate) build_type: BuildTypeId,
    pub(crate) branch: Option<String>,
    pub(crate) queue_at_top: bool,
    /// Properties of the build besides those that describe the object.
    pub(crate) properties: Vec<(String, Template)>,
}

impl Route {
    /// Creates a route from every created object to `build_type`.
    pub(crate) fn to(build_type: BuildTypeId) -> Self {
        Self {
            bucket: None,
            prefix: None,
            suffix: None,
            events: vec![EventPattern::created()],
            min_size: None,
            build_type,
            branch: None,
            queue_at_top: false,
            properties: Vec::new(),
        }
    }

    fn matches(&self, upload: &Upload) -> bool {
        let key = upload.key.as_str();
        self.bucket.as_ref().is_none_or(|bucket| *bucket == upload.bucket)
            && self.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix))
            && self.suffix.as_ref().is_none_or(|suffix| key.ends_with(suffix))
            && self
                .min_size
                .is_none_or(|least| upload.size.is_some_and(|size| size >= least))
            && self
                .events
                .iter()
                .any(|pattern| pattern.matches(&upload.event_name))
    }
}

/// Returns the build of the first route that matches, or the reason for queueing none.
pub(crate) fn build_for(
    upload: &Upload,
    routes: &[Route],
    comment: &str,
) -> Result<BuildRequest, SkipReason> {
    match routes.iter().find(|route| route.matches(upload)) {
        Some(route) => Ok(BuildRequest::new(upload, route, comment)),
        None if upload.event_name.is_removal() => Err(SkipReason::Removed),
        None => Err(SkipReason::NoRoute),
    }
}

/// The reason for queueing no build. Its `Display` form is the one for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SkipReason {
    Removed,
    TestEvent,
    NoRoute,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Removed => "the object was removed, and no route handles that",
            Self::TestEvent => "test event of S3",
            Self::NoRoute => "no matching route",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_name::EventName;
    use crate::route_fields::tests::parse;
    use crate::upload::ObjectKey;

    fn upload(key: &str, event: &str) -> Upload {
        Upload {
            bucket: "inbox".to_owned(),
            key: ObjectKey::from_eventbridge(key).expect("a good key"),
            event_name: EventName::from_notification(event),
            version_id: None,
            etag: None,
            size: Some(100),
            sequencer: Some("0A".to_owned()),
            event_time: None,
        }
    }

    /// Compares the upload's build type, or the reason for queueing no build.
    #[track_caller]
    fn check(routes: &str, upload: &Upload, expected: Result<&str, SkipReason>) {
        let routes = parse(routes).expect("good routes");
        let build_type = build_for(upload, &routes, "").map(|request| request.build_type.to_string());
        assert_eq!(build_type, expected.map(str::to_owned));
    }

    #[test]
    fn the_first_matching_route_decides() {
        let routes = r#"[
            {"prefix": "누수/", "suffix": ".csv", "build_type": "Leaks"},
            {"prefix": "누수/", "build_type": "Other_Leaks"},
            {"bucket": "outbox", "build_type": "Out"}
        ]"#;
        check(routes, &upload("누수/1.csv", "ObjectCreated:Put"), Ok("Leaks"));
        check(
            routes,
            &upload("누수/1.txt", "ObjectCreated:Put"),
            Ok("Other_Leaks"),
        );
        check(
            routes,
            &upload("1.csv", "ObjectCreated:Put"),
            Err(SkipReason::NoRoute),
        );
    }

    #[test]
    fn objects_below_the_least_size_have_no_route() {
        let upload = upload("a", "ObjectCreated:Put");
        check(r#"[{"min_size": 100, "build_type": "A"}]"#, &upload, Ok("A"));
        check(
            r#"[{"min_size": 101, "build_type": "A"}]"#,
            &upload,
            Err(SkipReason::NoRoute),
        );
    }

    #[test]
    fn a_removed_object_is_skipped_unless_a_route_handles_removals() {
        let removed = upload("a", "ObjectRemoved:Delete");
        check(r#"[{"build_type": "A"}]"#, &removed, Err(SkipReason::Removed));
        check(
            r#"[{"build_type": "A"}, {"events": ["ObjectRemoved:*"], "build_type": "Clean_Up"}]"#,
            &removed,
            Ok("Clean_Up"),
        );
        check(
            r#"[{"events": ["ObjectRemoved:DeleteMarkerCreated"], "build_type": "A"}]"#,
            &removed,
            Err(SkipReason::Removed),
        );
    }

    #[test]
    fn events_other_than_uploads_have_no_route() {
        check(
            r#"[{"build_type": "A"}]"#,
            &upload("a", "ObjectTagging:Put"),
            Err(SkipReason::NoRoute),
        );
    }

    #[test]
    fn a_route_sets_branch_place_in_the_queue_comment_and_properties() {
        let routes = parse(
            r#"[{"build_type": "A", "branch": "main", "queue_at_top": true, "properties": {"env.FILE": "{file_name}"}}]"#,
        );
        let upload = upload("in/a.csv", "ObjectCreated:Put");
        let request =
            build_for(&upload, &routes.expect("good routes"), "by hand").expect("the route matches");
        assert_eq!(
            (request.branch.as_deref(), request.queue_at_top),
            (Some("main"), true)
        );
        assert_eq!(request.comment, "by hand");
        assert_eq!(
            request.properties.last(),
            Some(&("env.FILE".to_owned(), "a.csv".to_owned()))
        );
    }
}
