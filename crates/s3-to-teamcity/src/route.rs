//! Which upload becomes which build.

use crate::build_request::{BuildRequest, BuildTypeId};
use crate::event_name::EventPattern;
use crate::template::Template;
use crate::upload::Upload;

/// From uploads of one kind to builds of one configuration. What is not said matches everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The bucket's name.
    pub bucket: Option<String>,
    /// How keys begin.
    pub prefix: Option<String>,
    /// How keys end.
    pub suffix: Option<String>,
    /// Which events.
    pub events: Vec<EventPattern>,
    /// In bytes; smaller objects are left alone.
    pub min_size: Option<u64>,
    /// What to build.
    pub build_type: BuildTypeId,
    /// On which branch.
    pub branch: Option<String>,
    /// Before all other builds.
    pub queue_at_top: bool,
    /// What the build is told besides the object.
    pub properties: Vec<(String, Template)>,
}

impl Route {
    /// A build of this configuration for every created object.
    pub fn to(build_type: BuildTypeId) -> Self {
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

/// What becomes of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A build.
    Build(BuildRequest),
    /// Nothing, and why.
    Skip(Reason),
}

/// Why nothing is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The object is gone, and no route asked for that.
    Removed,
    /// S3 tried whether its notifications arrive.
    TestEvent,
    /// No route matches.
    NoRoute,
}

impl Reason {
    /// The word for it in the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::TestEvent => "test_event",
            Self::NoRoute => "no_route",
        }
    }
}

/// The first route that matches decides.
pub fn decide(upload: &Upload, routes: &[Route], comment: &str) -> Decision {
    match routes.iter().find(|route| route.matches(upload)) {
        Some(route) => Decision::Build(BuildRequest::new(upload, route, comment)),
        None if upload.event_name.is_removal() => Decision::Skip(Reason::Removed),
        None => Decision::Skip(Reason::NoRoute),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_name::EventName;
    use crate::route_settings;
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

    /// What the upload's build type is, or why there is none.
    #[track_caller]
    fn check(routes: &str, upload: &Upload, expected: &str) {
        let routes = route_settings::parse(routes).expect("good routes");
        let came = match decide(upload, &routes, "") {
            Decision::Build(request) => request.build_type.to_string(),
            Decision::Skip(reason) => reason.as_str().to_owned(),
        };
        assert_eq!(came, expected);
    }

    #[test]
    fn the_first_route_that_matches_decides() {
        let routes = r#"[
            {"prefix": "누수/", "suffix": ".csv", "build_type": "Leaks"},
            {"prefix": "누수/", "build_type": "Other_Leaks"},
            {"bucket": "outbox", "build_type": "Out"}
        ]"#;
        check(routes, &upload("누수/1.csv", "ObjectCreated:Put"), "Leaks");
        check(routes, &upload("누수/1.txt", "ObjectCreated:Put"), "Other_Leaks");
        check(routes, &upload("1.csv", "ObjectCreated:Put"), "no_route");
    }

    #[test]
    fn small_objects_are_left_alone() {
        let upload = upload("a", "ObjectCreated:Put");
        check(r#"[{"min_size": 100, "build_type": "A"}]"#, &upload, "A");
        check(r#"[{"min_size": 101, "build_type": "A"}]"#, &upload, "no_route");
    }

    #[test]
    fn a_removed_object_is_skipped_unless_a_route_asks_for_it() {
        let removed = upload("a", "ObjectRemoved:Delete");
        check(r#"[{"build_type": "A"}]"#, &removed, "removed");
        check(
            r#"[{"build_type": "A"}, {"events": ["ObjectRemoved:*"], "build_type": "Clean_Up"}]"#,
            &removed,
            "Clean_Up",
        );
        check(
            r#"[{"events": ["ObjectRemoved:DeleteMarkerCreated"], "build_type": "A"}]"#,
            &removed,
            "removed",
        );
    }

    #[test]
    fn events_other_than_uploads_have_no_route() {
        check(
            r#"[{"build_type": "A"}]"#,
            &upload("a", "ObjectTagging:Put"),
            "no_route",
        );
    }

    #[test]
    fn a_route_says_how_to_build() {
        let routes = route_settings::parse(
            r#"[{"build_type": "A", "branch": "main", "queue_at_top": true, "properties": {"env.FILE": "{file_name}"}}]"#,
        );
        let upload = upload("in/a.csv", "ObjectCreated:Put");
        let Decision::Build(request) = decide(&upload, &routes.expect("good routes"), "by hand") else {
            panic!("it matches")
        };
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
