//! The build that an upload asks for.

use sha2::{Digest, Sha256};
use std::fmt;

use crate::route::Route;
use crate::upload::Upload;

/// A build to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildRequest {
    /// Of which configuration.
    pub build_type: BuildTypeId,
    /// On which branch; the default one where there is none.
    pub branch: Option<String>,
    /// Before all other builds.
    pub queue_at_top: bool,
    /// What people see in TeamCity.
    pub comment: String,
    /// By which the build of this upload is found again.
    pub tag: Tag,
    /// Name and value.
    pub properties: Vec<(String, String)>,
}

impl BuildRequest {
    /// The build that `route` makes of `upload`.
    pub fn new(upload: &Upload, route: &Route, comment: &str) -> Self {
        let identity = Identity::of(upload);
        let own = identity.properties(upload);
        let theirs = route
            .properties
            .iter()
            .map(|(name, template)| (name.clone(), template.render(upload)));
        Self {
            build_type: route.build_type.clone(),
            branch: route.branch.clone(),
            queue_at_top: route.queue_at_top,
            comment: comment.to_owned(),
            tag: identity.tag(upload),
            properties: own
                .into_iter()
                .chain(theirs)
                .map(|(name, value)| (name, literal(value)))
                .collect(),
        }
    }
}

/// The properties that every build gets, and that no route may give.
pub const OWN_PROPERTIES: [&str; 6] = [
    "eventKey",
    "eventBucket",
    "eventVersionId",
    "eventETag",
    "eventSequencer",
    "eventTime",
];

/// The id of a build configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuildTypeId(String);

impl BuildTypeId {
    /// Takes any id that can stand in a locator as it is; TeamCity's have letters, digits and underscores.
    ///
    /// # Errors
    /// For an empty one, or one with characters that mean something to a locator.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.contains(|character: char| ",:()$%".contains(character) || character.is_whitespace()) {
            return Err("is no build configuration's id, expected letters, digits and underscores");
        }
        Ok(Self(text.to_owned()))
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BuildTypeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What marks the build of one upload: the same for the same upload told twice, another for the same content
/// uploaded again. Hexadecimal, so it is safe in a locator whatever the key is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(String);

impl Tag {
    /// The tag itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What tells an upload from the others of its key.
enum Identity<'a> {
    /// Every notification since 2015 has one.
    Sequencer(&'a str),
    /// Where there is none.
    Version(&'a str),
    /// Where the bucket has no versions either.
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

    /// `s3-` and the first 32 hexadecimal digits of SHA-256 over bucket, NUL, key, NUL and the identity.
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

    /// TeamCity makes one build of two that wait with the same properties: what tells uploads apart has to be
    /// among them.
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

/// A value that TeamCity gives to the build as it is.
///
/// What stands between two percent signs is a reference to a parameter, `%%` a percent sign: the key
/// `%system.password%` must not bring a password into a build that shows its key. A single one is itself.
/// Source: "Using Build Parameters" in TeamCity's help.
fn literal(value: String) -> String {
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
    fn the_same_content_uploaded_again_is_another_build() {
        let again = tag(|upload| upload.sequencer = Some("0A1C".to_owned()));
        assert_ne!(again, tag(|_| {}));
    }

    #[test]
    fn another_channel_tells_the_same_upload() {
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
    fn every_build_knows_its_object() {
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
    fn the_time_is_a_property_where_nothing_else_tells_uploads_apart() {
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
        assert_eq!(literal("%system.password%".to_owned()), "%%system.password%%");
        assert_eq!(literal("a%%b".to_owned()), "a%%%%b");
        assert_eq!(literal("a%2Bb".to_owned()), "a%2Bb");
    }

    #[test]
    fn a_build_configurations_id_is_safe_in_a_locator() {
        assert!(BuildTypeId::parse("Nightly_Import2").is_ok());
        for wrong in ["", "A,B", "A:B", "A(B)", "A B", "$any"] {
            assert!(BuildTypeId::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
