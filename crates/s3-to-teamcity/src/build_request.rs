//! The build for an upload.

use std::fmt;

use crate::build_tag::{BuildNumber, Tag};
use crate::key_pattern::CapturedText;
use crate::route::Route;
use crate::template::escape_percent_signs;
use crate::upload::Upload;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildRequest {
    pub(crate) build_type: BuildTypeId,
    /// The branch; `None` is TeamCity's default branch.
    pub(crate) branch: Option<String>,
    pub(crate) queue_at_top: bool,
    pub(crate) comment: Option<String>,
    pub(crate) identity: Identity,
    /// The place of the route in the configuration, for log lines.
    pub(crate) route: String,
    /// The object's address, `s3://bucket/key`, for log lines.
    pub(crate) object: String,
    /// Names and values.
    pub(crate) properties: Vec<(String, String)>,
}

/// The tags of a build, and the builds that make it superfluous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A build of one upload. Any build with the tag `of_event` is the upload's build.
    Upload {
        of_event: Tag,
        of_object: Vec<Tag>,
        /// Tag of builds that also count, for an object that a job lists.
        known_by: Option<Tag>,
    },
    /// A build that serves all uploads before its start. Any *queued* build with the tag serves this upload too.
    Coalescing(Tag),
}

impl BuildRequest {
    /// Creates the request for an upload that a route matched. `earlier` are the requests of routes before it.
    pub(crate) fn new(
        upload: &Upload,
        route: &Route,
        captured: &CapturedText,
        comment: Option<&str>,
        earlier: &[Self],
    ) -> Self {
        let branch = route
            .branch
            .as_ref()
            .map(|branch| branch.render(upload, captured));
        let branch = branch.filter(|branch| !branch.is_empty());
        let from_upload = match route.coalesce {
            true => vec![("eventBucket", Some(upload.bucket.as_str()))],
            false => properties_of(upload),
        };
        let from_upload = from_upload
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), escape_percent_signs(value?))));
        let from_route = route
            .properties
            .iter()
            .map(|(name, template)| (name.clone(), template.render(upload, captured)));
        let properties: Vec<_> = from_upload.chain(from_route).collect();
        let identity = match route.coalesce {
            true => Identity::Coalescing(Tag::of_build(
                route.build_type.as_str(),
                branch.as_deref(),
                &properties,
            )),
            false => Identity::of_upload(upload, number(route, earlier)),
        };
        Self {
            build_type: route.build_type.clone(),
            branch,
            queue_at_top: route.queue_at_top,
            comment: comment.map(str::to_owned),
            identity,
            route: route.name.clone(),
            object: upload.to_string(),
            properties,
        }
    }

    pub(crate) fn tags(&self) -> Vec<Tag> {
        match &self.identity {
            Identity::Coalescing(tag) => vec![tag.clone()],
            Identity::Upload {
                of_event, of_object, ..
            } => [of_event].into_iter().chain(of_object).cloned().collect(),
        }
    }

    /// Reports whether one build serves both requests.
    pub(crate) fn is_same_build(&self, other: &Self) -> bool {
        let tag = |request: &Self| match &request.identity {
            Identity::Upload { of_event: tag, .. } | Identity::Coalescing(tag) => tag.clone(),
        };
        self.build_type == other.build_type && tag(self) == tag(other)
    }
}

impl Identity {
    fn of_upload(upload: &Upload, number: BuildNumber) -> Self {
        let of_version = Tag::of_version(upload, number);
        let of_key = Tag::of_key(upload, number);
        let known_by = match &upload.batch_job {
            Some(job) if !job.again => Some(of_version.clone().unwrap_or_else(|| of_key.clone())),
            _ => None,
        };
        Self::Upload {
            of_event: Tag::of_event(upload, number),
            of_object: [of_key].into_iter().chain(of_version).collect(),
            known_by,
        }
    }
}

/// Returns the number of the route's build among those of its configuration.
fn number(route: &Route, earlier: &[BuildRequest]) -> BuildNumber {
    let is_same_type = |request: &&BuildRequest| {
        let is_of_upload = matches!(request.identity, Identity::Upload { .. });
        is_of_upload && request.build_type == route.build_type
    };
    BuildNumber(1 + earlier.iter().filter(is_same_type).count())
}

/// The properties that describe the object. Every build has them, and no route may set them.
pub(crate) const OWN_PROPERTIES: [&str; 8] = [
    "eventKey",
    "eventBucket",
    "eventVersionId",
    "eventETag",
    "eventSequencer",
    "eventName",
    "eventTime",
    "eventBatchJob",
];

/// Returns the properties that describe the object, and everything that tells events apart: TeamCity merges two queued
/// builds that have equal properties.
fn properties_of(upload: &Upload) -> Vec<(&'static str, Option<&str>)> {
    let has_sequencer = upload.sequencer.is_some();
    let again = upload.batch_job.as_ref().filter(|job| job.again);
    vec![
        ("eventKey", Some(upload.key.as_str())),
        ("eventBucket", Some(&upload.bucket)),
        ("eventVersionId", upload.version_id.as_deref()),
        ("eventETag", upload.etag.as_deref()),
        ("eventSequencer", upload.sequencer.as_deref()),
        (
            "eventName",
            Some(upload.event_name.as_str()).filter(|_| !has_sequencer),
        ),
        (
            "eventTime",
            upload.event_time.as_deref().filter(|_| !has_sequencer),
        ),
        ("eventBatchJob", again.map(|job| job.id.as_str())),
    ]
}

/// The id of a build configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BuildTypeId(String);

impl BuildTypeId {
    /// Parses an id. TeamCity's ids have Latin letters, digits and underscores, and so need no escaping in a locator.
    ///
    /// # Errors
    ///
    /// The text is empty or has other characters, among them the braces of a placeholder: an uploader must not choose the
    /// build configuration.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if text.is_empty() || !text.chars().all(is_plain) {
            return Err(
                "expected the id of a build configuration (letters, digits and underscores), without placeholders",
            );
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BuildTypeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::BatchJob;
    use crate::upload::tests::upload;

    fn versioned() -> Upload {
        Upload {
            version_id: Some("v1".to_owned()),
            ..upload("in/누수.csv", "ObjectCreated:Put")
        }
    }

    fn request(upload: &Upload) -> BuildRequest {
        let route = Route::to(BuildTypeId::parse("Nightly_Import").expect("a good id"));
        BuildRequest::new(upload, &route, &CapturedText::new(), Some("by hand"), &[])
    }

    #[track_caller]
    fn check_properties(upload: &Upload, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(request(upload).properties, expected);
    }

    #[test]
    fn every_build_has_properties_of_its_object() {
        check_properties(
            &versioned(),
            &[
                ("eventKey", "in/누수.csv"),
                ("eventBucket", "inbox"),
                ("eventVersionId", "v1"),
                ("eventETag", "e1"),
                ("eventSequencer", "0A1B"),
            ],
        );
    }

    #[test]
    fn name_and_time_are_properties_if_no_sequencer_tells_events_apart() {
        let upload = Upload {
            sequencer: None,
            ..versioned()
        };
        check_properties(
            &upload,
            &[
                ("eventKey", "in/누수.csv"),
                ("eventBucket", "inbox"),
                ("eventVersionId", "v1"),
                ("eventETag", "e1"),
                ("eventName", "ObjectCreated:Put"),
                ("eventTime", "2026-11-01T00:00:00.000Z"),
            ],
        );
    }

    #[test]
    fn a_key_cannot_refer_to_teamcitys_parameters() {
        let value = |key| request(&upload(key, "ObjectCreated:Put")).properties[0].1.clone();
        assert_eq!(value("%system.password%"), "%%system.password%%");
        assert_eq!(value("50%.csv"), "50%%.csv");
    }

    #[test]
    fn a_job_looks_builds_up_by_version_or_key_unless_it_builds_again() {
        let known_by = |version: Option<&str>, again| {
            let upload = Upload {
                version_id: version.map(str::to_owned),
                batch_job: Some(BatchJob {
                    id: "j".to_owned(),
                    again,
                }),
                ..upload("a", "ObjectCreated:Put")
            };
            match request(&upload).identity {
                Identity::Upload { known_by, .. } => known_by.map(|tag| tag.to_string()),
                Identity::Coalescing(_) => panic!("the route does not coalesce"),
            }
        };
        let prefix = |tag: Option<String>| tag.map(|tag| tag[..4].to_owned());
        assert_eq!(prefix(known_by(Some("v1"), false)).as_deref(), Some("s3v-"));
        assert_eq!(prefix(known_by(None, false)).as_deref(), Some("s3k-"));
        assert_eq!(known_by(Some("v1"), true), None);
    }

    #[test]
    fn a_coalescing_build_carries_no_key_and_no_tag_of_an_upload() {
        let route = Route {
            coalesce: true,
            ..Route::to(BuildTypeId::parse("Nightly_Import").expect("a good id"))
        };
        let of = |upload: &Upload| BuildRequest::new(upload, &route, &CapturedText::new(), None, &[]);
        let request = of(&upload("a", "ObjectCreated:Put"));
        assert_eq!(
            request.properties,
            [("eventBucket".to_owned(), "inbox".to_owned())]
        );
        let tags = request.tags();
        assert!(
            tags.len() == 1 && tags[0].as_str().starts_with("s3c-"),
            "{tags:?}"
        );
        assert!(request.is_same_build(&of(&upload("b", "ObjectCreated:Copy"))));
        let elsewhere = Upload {
            bucket: "outbox".to_owned(),
            ..upload("a", "ObjectCreated:Put")
        };
        assert!(!request.is_same_build(&of(&elsewhere)));
    }

    #[test]
    fn a_build_configurations_id_is_safe_in_a_locator() {
        assert!(BuildTypeId::parse("Nightly_Import2").is_ok());
        for wrong in ["", "A,B", "A:B", "A(B)", "A B", "$any", "{key}", "누수"] {
            assert!(BuildTypeId::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
