//! The choice of the builds for an upload.

use std::fmt;

use serde::Serialize;

use crate::build_request::{BuildRequest, BuildTypeId};
use crate::event_name::EventPattern;
use crate::key_pattern::{CapturedText, KeyPattern};
use crate::template::Template;
use crate::upload::{Upload, composed};

/// A rule that queues a build for uploads of one kind. A condition that is `None` matches every upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The route's place in the configuration, `BUILD_ROUTES[0]`.
    pub(crate) name: String,
    pub(crate) bucket: Option<String>,
    pub(crate) key: KeyCondition,
    pub(crate) events: Vec<EventPattern>,
    /// The least size of the object in bytes.
    pub(crate) min_size: Option<u64>,
    /// True if the route also matches objects that only mark a folder.
    pub(crate) folders: bool,
    pub(crate) build_type: BuildTypeId,
    pub(crate) branch: Option<Template>,
    pub(crate) queue_at_top: bool,
    /// Properties of the build besides those that describe the object.
    pub(crate) properties: Vec<(String, Template)>,
    /// True if a build that waits in the queue serves later uploads too.
    pub(crate) coalesce: bool,
    /// True if routes after this one may match as well.
    pub(crate) continues: bool,
}

/// The condition on the key. All texts are in Unicode's NFC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyCondition {
    Ends {
        /// The beginning of the key, perhaps empty.
        prefix: String,
        /// Possible ends of the key; empty if every end is possible.
        suffixes: Vec<String>,
    },
    Pattern(KeyPattern),
}

impl Route {
    /// Creates a route from every created object to `build_type`.
    pub(crate) fn to(build_type: BuildTypeId) -> Self {
        Self {
            name: "TEAMCITY_BUILD_TYPE".to_owned(),
            bucket: None,
            key: KeyCondition::ANY,
            events: vec![EventPattern::created()],
            min_size: None,
            folders: false,
            build_type,
            branch: None,
            queue_at_top: false,
            properties: Vec::new(),
            coalesce: false,
            continues: false,
        }
    }

    /// Returns the text of the key's placeholders if the route matches, apart from its condition on folders.
    fn captured(&self, upload: &Upload) -> Option<CapturedText> {
        let is_event = self
            .events
            .iter()
            .any(|pattern| pattern.matches(&upload.event_name));
        let is_bucket = self.bucket.as_ref().is_none_or(|bucket| *bucket == upload.bucket);
        let has_size = |least| upload.size.is_some_and(|size| size >= least);
        if !is_event || !is_bucket || !self.min_size.is_none_or(has_size) {
            return None;
        }
        self.key.captured(&composed(upload.key.as_str()))
    }
}

impl KeyCondition {
    pub(crate) const ANY: Self = Self::Ends {
        prefix: String::new(),
        suffixes: Vec::new(),
    };

    pub(crate) fn pattern(&self) -> Option<&KeyPattern> {
        match self {
            Self::Pattern(pattern) => Some(pattern),
            Self::Ends { .. } => None,
        }
    }

    fn captured(&self, key: &str) -> Option<CapturedText> {
        match self {
            Self::Pattern(pattern) => pattern.captured(key),
            Self::Ends { prefix, suffixes } => {
                let has_end = suffixes.is_empty() || suffixes.iter().any(|suffix| key.ends_with(suffix));
                (key.starts_with(prefix) && has_end).then(CapturedText::new)
            }
        }
    }
}

/// Returns the build of the first route that matches, and those of the routes after it as long as the one before
/// continues; or the reason for queueing none.
pub(crate) fn builds_for(
    upload: &Upload,
    routes: &[Route],
    comment: Option<&str>,
) -> Result<Vec<BuildRequest>, SkipReason> {
    let is_marker = upload.is_folder_marker();
    let (mut requests, mut is_skipped_folder) = (Vec::new(), false);
    for route in routes {
        let Some(captured) = route.captured(upload) else {
            continue;
        };
        if is_marker && !route.folders {
            is_skipped_folder = true;
            continue;
        }
        let request = BuildRequest::new(upload, route, &captured, comment, &requests);
        requests.push(request);
        if !route.continues {
            break;
        }
    }
    match requests.is_empty() {
        false => Ok(requests),
        true if is_skipped_folder => Err(SkipReason::Folder),
        true if upload.event_name.is_removal() => Err(SkipReason::Removed),
        true => Err(SkipReason::NoRoute),
    }
}

/// The reason for queueing no build. Its `Display` form is the one for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SkipReason {
    Removed,
    TestEvent,
    NoRoute,
    Folder,
    Foreign,
}

impl SkipReason {
    /// Returns the reason as the response has it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::TestEvent => "test_event",
            Self::NoRoute => "no_route",
            Self::Folder => "folder",
            Self::Foreign => "foreign",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Removed => "the object was removed, and no route handles that",
            Self::TestEvent => "test event of S3",
            Self::NoRoute => "no matching route",
            Self::Folder => "the empty object marks a folder, and its route does not have \"folders\": true",
            Self::Foreign => "not an event about an S3 object",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_tag::{BuildNumber, Tag};
    use crate::route_fields::tests::parse;
    use crate::upload::tests::upload;

    /// Compares the upload's build types, or the reason for queueing no build.
    #[track_caller]
    fn check(routes: &str, upload: &Upload, expected: Result<&str, SkipReason>) {
        let routes = parse(routes).expect("good routes");
        let builds = builds_for(upload, &routes, None).map(|requests| {
            let build_types = requests.iter().map(|request| request.build_type.to_string());
            build_types.collect::<Vec<_>>().join(" ")
        });
        assert_eq!(builds, expected.map(str::to_owned));
    }

    fn created(key: &str) -> Upload {
        upload(key, "ObjectCreated:Put")
    }

    #[test]
    fn the_first_matching_route_decides() {
        let routes = r#"[
            {"prefix": "누수/", "suffix": ".csv", "build_type": "Leaks"},
            {"prefix": "누수/", "build_type": "Other_Leaks"},
            {"bucket": "outbox", "build_type": "Out"}
        ]"#;
        check(routes, &created("누수/1.csv"), Ok("Leaks"));
        check(routes, &created("누수/1.txt"), Ok("Other_Leaks"));
        check(routes, &created("1.csv"), Err(SkipReason::NoRoute));
    }

    #[test]
    fn routes_that_continue_let_the_next_one_match_too() {
        let routes = r#"[
            {"prefix": "in/", "build_type": "Import", "continue": true},
            {"prefix": "out/", "build_type": "Export", "continue": true},
            {"suffix": ".csv", "build_type": "Table"},
            {"build_type": "Rest"}
        ]"#;
        check(routes, &created("in/a.csv"), Ok("Import Table"));
        check(routes, &created("in/a.txt"), Ok("Import Rest"));
        check(routes, &created("a.csv"), Ok("Table"));
    }

    #[test]
    fn two_builds_of_one_configuration_have_tags_of_their_own() {
        let routes = r#"[{"build_type": "A", "branch": "main", "continue": true},
                         {"build_type": "A", "branch": "next"}]"#;
        let upload = created("a");
        let requests = builds_for(&upload, &parse(routes).expect("good routes"), None).expect("both match");
        let first: Vec<Tag> = [1, 2]
            .map(|number| Tag::of_event(&upload, BuildNumber(number)))
            .into();
        let tags = requests.iter().map(|request| request.tags()[0].clone());
        assert_eq!(tags.collect::<Vec<_>>(), first);
    }

    #[test]
    fn keys_are_compared_in_composed_form() {
        let decomposed = "\u{1102}\u{116e}\u{1109}\u{116e}/a.\u{110b}\u{1166}";
        check(
            r#"[{"prefix": "누수/", "suffix": ".에", "build_type": "A"}]"#,
            &created(decomposed),
            Ok("A"),
        );
        let pattern = r#"[{"key": "누수/{name}.에", "build_type": "A"}]"#;
        check(pattern, &created(decomposed), Ok("A"));
        let routes =
            parse(&pattern.replace("누수", "\u{1102}\u{116e}\u{1109}\u{116e}")).expect("good routes");
        let requests = builds_for(&created(decomposed), &routes, None).expect("it matches");
        assert_eq!(
            requests[0].properties[0].1, decomposed,
            "the key is passed on unchanged"
        );
    }

    #[test]
    fn a_route_has_several_suffixes() {
        let routes = r#"[{"suffix": [".csv", ".tsv"], "build_type": "A"}]"#;
        check(routes, &created("a.tsv"), Ok("A"));
        check(routes, &created("a.txt"), Err(SkipReason::NoRoute));
    }

    #[test]
    fn the_key_fills_branch_and_properties() {
        let routes = r#"[{"key": "in/{branch}/{name}.zip", "build_type": "A", "branch": "release/{branch}",
                          "properties": {"env.NAME": "{name}"}}]"#;
        let routes = parse(routes).expect("good routes");
        let request = builds_for(&created("in/1.0/누수.zip"), &routes, None)
            .expect("it matches")
            .remove(0);
        assert_eq!(request.branch.as_deref(), Some("release/1.0"));
        assert_eq!(
            request.properties.last(),
            Some(&("env.NAME".to_owned(), "누수".to_owned()))
        );
    }

    #[test]
    fn objects_below_the_least_size_have_no_route() {
        let upload = created("a");
        check(r#"[{"min_size": 100, "build_type": "A"}]"#, &upload, Ok("A"));
        check(
            r#"[{"min_size": 101, "build_type": "A"}]"#,
            &upload,
            Err(SkipReason::NoRoute),
        );
    }

    #[test]
    fn a_folder_marker_is_skipped_unless_a_route_asks_for_it() {
        let marker = Upload {
            size: Some(0),
            ..created("in/new/")
        };
        check(
            r#"[{"prefix": "in/", "build_type": "A"}]"#,
            &marker,
            Err(SkipReason::Folder),
        );
        check(
            r#"[{"prefix": "out/", "build_type": "A"}]"#,
            &marker,
            Err(SkipReason::NoRoute),
        );
        let routes = r#"[{"prefix": "in/", "build_type": "A"}, {"folders": true, "build_type": "Folder"}]"#;
        check(routes, &marker, Ok("Folder"));
        let empty = Upload {
            size: Some(0),
            ..created("in/_SUCCESS")
        };
        check(routes, &empty, Ok("A"));
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
        let routes = routes.expect("good routes");
        let requests = builds_for(&created("in/a.csv"), &routes, Some("by hand"));
        let request = requests.expect("the route matches").remove(0);
        assert_eq!(
            (request.branch.as_deref(), request.queue_at_top),
            (Some("main"), true)
        );
        assert_eq!(request.comment.as_deref(), Some("by hand"));
        assert_eq!(request.route, "BUILD_ROUTES[0]");
        assert_eq!(
            request.properties.last(),
            Some(&("env.FILE".to_owned(), "a.csv".to_owned()))
        );
    }
}
