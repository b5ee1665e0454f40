//! The build for an upload, and the tag by which it is found again.
//!
//! TeamCity has no idempotency key, and S3 and Lambda deliver every event at least once. So every build carries a tag
//! that depends only on the upload: bucket, key, and the mark by which S3 tells the events of one key apart. The same
//! upload reported twice has the same tag, and the same content uploaded again has another one. A look-up by tag
//! therefore shows whether an upload already has its build.

use sha2::{Digest, Sha256};
use std::fmt;

use crate::route::Route;
use crate::upload::Upload;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildRequest {
    pub(crate) build_type: BuildTypeId,
    /// The branch; `None` is TeamCity's default branch.
    pub(crate) branch: Option<String>,
    pub(crate) queue_at_top: bool,
    pub(crate) comment: String,
    pub(crate) tag: Tag,
    /// The object's address, `s3://bucket/key`, for log lines.
    pub(crate) object: String,
    /// Names and values.
    pub(crate) properties: Vec<(String, String)>,
}

impl BuildRequest {
    pub(crate) fn new(upload: &Upload, route: &Route, comment: &str) -> Self {
        let identity = Identity::of(upload);
        let from_upload = identity.properties(upload);
        let from_route = route
            .properties
            .iter()
            .map(|(name, template)| (name.clone(), template.render(upload)));
        Self {
            build_type: route.build_type.clone(),
            branch: route.branch.clone(),
            queue_at_top: route.queue_at_top,
            comment: comment.to_owned(),
            tag: identity.tag(upload),
            object: upload.to_string(),
            properties: from_upload
                .into_iter()
                .chain(from_route)
                .map(|(name, value)| (name, escape_percent_signs(value)))
                .collect(),
        }
    }
}

/// The properties that describe the object. Every build has them, and no route may set them.
pub(crate) const OWN_PROPERTIES: [&str; 6] = [
    "eventKey",
    "eventBucket",
    "eventVersionId",
    "eventETag",
    "eventSequencer",
    "eventTime",
];

/// The id of a build configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BuildTypeId(String);

impl BuildTypeId {
    /// Parses an id that needs no escaping in a locator. TeamCity's own ids have letters, digits and underscores.
    ///
    /// # Errors
    ///
    /// The text is empty, or has characters with a meaning in locators.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let is_special = |character: char| ",:()$%".contains(character) || character.is_whitespace();
        if text.is_empty() || text.contains(is_special) {
            return Err("expected the id of a build configuration (letters, digits and underscores)");
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

/// The tag that marks the build of one upload. It is hexadecimal, and so safe in a locator whatever the key is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tag(String);

impl Tag {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The mark that tells an upload from the others of its key.
enum Identity<'a> {
    /// S3's sequencer, in every notification of a created or removed object since 2015.
    Sequencer(&'a str),
    /// The object's version, if there is no sequencer.
    Version(&'a str),
    /// Hash of the content and time of the event, if the bucket has no versions either.
    ContentAndTime { etag: &'a str, time: &'a str },
}

impl<'a> Identity<'a> {
    fn of(upload: &'a Upload) -> Self {
        let version = upload.version_id.as_deref().filter(|version| *version != "null");
        match (&upload.sequencer, version) {
            (Some(sequencer), _) => Self::Sequencer(sequencer),
            (None, Some(version)) => Self::Version(version),
            (None, None) => Self::ContentAndTime {
                etag: upload.etag.as_deref().unwrap_or_default(),
                time: upload.event_time.as_deref().unwrap_or_default(),
            },
        }
    }

    /// Returns `s3-` and the first 32 hexadecimal digits of SHA-256 over bucket, NUL, key, NUL and the mark.
    fn tag(&self, upload: &Upload) -> Tag {
        let mut hash = Sha256::new();
        hash.update(format!("{}\0{}\0", upload.bucket, upload.key));
        match self {
            Self::Sequencer(mark) | Self::Version(mark) => hash.update(mark),
            Self::ContentAndTime { etag, time } => hash.update(format!("{etag}{time}")),
        }
        let digits: String = hash.finalize()[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Tag(format!("s3-{digits}"))
    }

    /// Returns the properties that describe the object, the mark among them: TeamCity merges two queued builds that have
    /// equal properties.
    fn properties(&self, upload: &Upload) -> Vec<(String, String)> {
        let known = [
            ("eventKey", Some(upload.key.to_string())),
            ("eventBucket", Some(upload.bucket.clone())),
            ("eventVersionId", upload.version_id.clone()),
            ("eventETag", upload.etag.clone()),
            ("eventSequencer", upload.sequencer.clone()),
            (
                "eventTime",
                upload
                    .event_time
                    .clone()
                    .filter(|_| matches!(self, Self::ContentAndTime { .. })),
            ),
        ];
        known
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// Escapes a value, so that TeamCity passes it to the build unchanged.
///
/// In TeamCity `%name%` refers to a parameter, `%%` is a percent sign, and a single `%` is itself. Without escaping, an
/// object with the key `%system.password%` would put a password into the build's properties.
/// Source: "Using Build Parameters" in TeamCity's help.
fn escape_percent_signs(value: String) -> String {
    if value.matches('%').count() > 1 {
        value.replace('%', "%%")
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_name::EventName;
    use crate::upload::ObjectKey;

    fn upload() -> Upload {
        Upload {
            bucket: "inbox".to_owned(),
            key: ObjectKey::from_eventbridge("in/누수.csv").expect("a good key"),
            event_name: EventName::from_notification("ObjectCreated:Put"),
            version_id: Some("v1".to_owned()),
            etag: Some("e1".to_owned()),
            size: Some(7),
            sequencer: Some("0A1B".to_owned()),
            event_time: Some("2026-11-01T00:00:00.000Z".to_owned()),
        }
    }

    fn request(upload: &Upload) -> BuildRequest {
        let route = Route::to(BuildTypeId::parse("Nightly_Import").expect("a good id"));
        BuildRequest::new(upload, &route, "by hand")
    }

    fn tag(change: impl FnOnce(&mut Upload)) -> String {
        let mut upload = upload();
        change(&mut upload);
        request(&upload).tag.to_string()
    }

    #[test]
    fn the_tag_is_a_hash_of_bucket_key_and_sequencer() {
        // printf 'inbox\0in/누수.csv\0000A1B' | sha256sum | head -c 32
        assert_eq!(tag(|_| {}), "s3-30f44e6409753fd7c74f3738edcbec40");
        // printf 'inbox\0in/누수.csv\0v1' | sha256sum | head -c 32
        assert_eq!(
            tag(|upload| upload.sequencer = None),
            "s3-3a09535fa38dff28f6bd52922c2457a4"
        );
        // printf 'inbox\0in/누수.csv\0e12026-11-01T00:00:00.000Z' | sha256sum | head -c 32
        let without_version = |version: Option<&str>| {
            tag(|upload| {
                upload.sequencer = None;
                upload.version_id = version.map(str::to_owned);
            })
        };
        assert_eq!(without_version(None), "s3-a69ec8752aa7c9034ef2bdc4bbfaa0d3");
        assert_eq!(
            without_version(Some("null")),
            "s3-a69ec8752aa7c9034ef2bdc4bbfaa0d3"
        );
    }

    #[test]
    fn the_same_content_uploaded_again_has_another_tag() {
        let again = tag(|upload| upload.sequencer = Some("0A1C".to_owned()));
        assert_ne!(again, tag(|_| {}));
    }

    #[test]
    fn the_tag_does_not_depend_on_the_channel() {
        assert_eq!(
            tag(|upload| upload.event_name = EventName::from_notification("ObjectCreated")),
            tag(|_| {})
        );
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
            &upload(),
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
    fn the_time_is_a_property_if_nothing_else_tells_uploads_apart() {
        let upload = Upload {
            version_id: None,
            sequencer: None,
            ..upload()
        };
        check_properties(
            &upload,
            &[
                ("eventKey", "in/누수.csv"),
                ("eventBucket", "inbox"),
                ("eventETag", "e1"),
                ("eventTime", "2026-11-01T00:00:00.000Z"),
            ],
        );
    }

    #[test]
    fn a_key_cannot_refer_to_teamcitys_parameters() {
        assert_eq!(
            escape_percent_signs("%system.password%".to_owned()),
            "%%system.password%%"
        );
        assert_eq!(escape_percent_signs("a%%b".to_owned()), "a%%%%b");
        assert_eq!(escape_percent_signs("a%2Bb".to_owned()), "a%2Bb");
    }

    #[test]
    fn a_build_configurations_id_is_safe_in_a_locator() {
        assert!(BuildTypeId::parse("Nightly_Import2").is_ok());
        for wrong in ["", "A,B", "A:B", "A(B)", "A B", "$any"] {
            assert!(BuildTypeId::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
