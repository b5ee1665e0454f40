//! The tags by which builds are found again.
//!
//! TeamCity has no idempotency key, and S3 and Lambda deliver every event at least once. So every build carries tags that
//! depend only on the upload, or, for a coalescing route, only on the build itself. A look-up by tag shows whether an
//! upload already has its build.
//!
//! | tag | hash of | marks |
//! |---|---|---|
//! | `s3-` | bucket, key and S3's mark of the event | the build of one event |
//! | `s3k-` | bucket and key | every build of the object |
//! | `s3v-` | bucket, key and version | every build of the version |
//! | `s3c-` | build type, branch and properties | builds that see all uploads before their start |

use std::fmt;

use sha2::{Digest, Sha256};

use crate::upload::Upload;

/// A tag of a build. It is hexadecimal, and so safe in a locator whatever the key is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tag(String);

impl Tag {
    /// Returns the tag of the build for one event.
    ///
    /// S3's sequencer tells uploads and removals of one key apart. Other events have none; their name, version (or eTag)
    /// and time do. A task of S3 Batch Operations has only a version; if the job builds objects again, its id is part of
    /// the mark.
    pub(crate) fn of_event(upload: &Upload, number: BuildNumber) -> Self {
        let mark = match (&upload.sequencer, &upload.batch_job) {
            (Some(sequencer), _) => sequencer.clone(),
            (None, job) => {
                let etag = upload.etag.as_deref();
                let content = upload.version().or(etag).unwrap_or_default();
                let again = job.as_ref().filter(|job| job.again);
                let time = match again {
                    Some(job) => &job.id,
                    None => upload.event_time.as_deref().unwrap_or_default(),
                };
                [upload.event_name.as_str(), content, time].join("\0")
            }
        };
        Self::new("s3", &[&upload.bucket, upload.key.as_str(), &mark], number)
    }

    /// Returns the tag of all builds of an object.
    pub(crate) fn of_key(upload: &Upload, number: BuildNumber) -> Self {
        Self::new("s3k", &[&upload.bucket, upload.key.as_str()], number)
    }

    /// Returns the tag of all builds of an object's version, if it has one.
    pub(crate) fn of_version(upload: &Upload, number: BuildNumber) -> Option<Self> {
        let version = upload.version()?;
        let parts = [&upload.bucket, upload.key.as_str(), version];
        Some(Self::new("s3v", &parts, number))
    }

    /// Returns the tag of coalescing builds: equal builds share it.
    pub(crate) fn of_build(build_type: &str, branch: Option<&str>, properties: &[(String, String)]) -> Self {
        let mut parts = vec![build_type, branch.unwrap_or_default()];
        for (name, value) in properties {
            parts.extend([name.as_str(), value]);
        }
        Self::new("s3c", &parts, BuildNumber::FIRST)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Hashes the parts, separated by NUL, and keeps 32 hexadecimal digits of SHA-256.
    fn new(prefix: &str, parts: &[&str], number: BuildNumber) -> Self {
        let mut hash = Sha256::new();
        hash.update(parts.join("\0"));
        if number != BuildNumber::FIRST {
            hash.update(format!("\0build {}", number.0));
        }
        let digits: String = hash.finalize()[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(format!("{prefix}-{digits}"))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The number of a build among the builds of one configuration that one event queues. Only routes with `"continue": true`
/// queue more than one; without the number they would share a tag, and the second build would seem to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BuildNumber(pub(crate) usize);

impl BuildNumber {
    pub(crate) const FIRST: Self = Self(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_name::EventName;
    use crate::upload::BatchJob;
    use crate::upload::tests::upload;

    fn tag(change: impl FnOnce(&mut Upload)) -> String {
        let mut upload = upload("in/누수.csv", "ObjectCreated:Put");
        upload.version_id = Some("v1".to_owned());
        change(&mut upload);
        Tag::of_event(&upload, BuildNumber::FIRST).to_string()
    }

    #[test]
    fn the_tag_of_an_upload_is_a_hash_of_bucket_key_and_sequencer() {
        // printf 'inbox\0in/누수.csv\0000A1B' | sha256sum | head -c 32
        assert_eq!(tag(|_| {}), "s3-30f44e6409753fd7c74f3738edcbec40");
    }

    #[test]
    fn without_a_sequencer_name_version_and_time_tell_events_apart() {
        let of = |event: &str, version: Option<&str>, time: &str| {
            tag(|upload| {
                upload.sequencer = None;
                upload.event_name = EventName::from_notification(event);
                upload.version_id = version.map(str::to_owned);
                upload.event_time = Some(time.to_owned());
            })
        };
        let time = "2026-11-01T00:00:00.000Z";
        // printf 'inbox\0in/누수.csv\0ObjectRestore:Post\0v1\0002026-11-01T00:00:00.000Z' | sha256sum | head -c 32
        let restore = of("ObjectRestore:Post", Some("v1"), time);
        assert_eq!(restore, "s3-c2d47c21e0ac2fe79eb4f231367b3696");
        assert_eq!(restore, of("ObjectRestore:Post", Some("v1"), time));
        assert_ne!(restore, of("ObjectRestore:Completed", Some("v1"), time));
        assert_ne!(
            restore,
            of("ObjectRestore:Post", Some("v1"), "2026-11-02T00:00:00.000Z")
        );
        assert_ne!(restore, of("ObjectRestore:Post", Some("v2"), time));
        // The version `null` is shared by all uploads before versioning: the eTag takes its place.
        // printf 'inbox\0in/누수.csv\0ObjectRestore:Post\0e1\0002026-11-01T00:00:00.000Z' | sha256sum | head -c 32
        let by_etag = of("ObjectRestore:Post", None, time);
        assert_eq!(by_etag, "s3-93bc1169191c6bd45ee6927f789baccb");
        assert_eq!(by_etag, of("ObjectRestore:Post", Some("null"), time));
    }

    #[test]
    fn the_same_content_uploaded_again_has_another_tag() {
        let again = tag(|upload| upload.sequencer = Some("0A1C".to_owned()));
        assert_ne!(again, tag(|_| {}));
    }

    #[test]
    fn the_tag_of_an_upload_does_not_depend_on_the_channel() {
        assert_eq!(
            tag(|upload| upload.event_name = EventName::from_notification("ObjectCreated")),
            tag(|_| {})
        );
    }

    #[test]
    fn only_a_job_that_builds_again_is_part_of_the_tag() {
        let of_job = |id: &str, again| {
            tag(|upload| {
                upload.sequencer = None;
                upload.event_time = None;
                let id = id.to_owned();
                upload.batch_job = Some(BatchJob { id, again });
            })
        };
        assert_eq!(of_job("j1", false), of_job("j2", false));
        assert_ne!(of_job("j1", true), of_job("j2", true));
    }

    #[test]
    fn objects_and_versions_have_tags_of_their_own() {
        let mut upload = upload("in/누수.csv", "ObjectCreated:Put");
        // printf 'inbox\0in/누수.csv' | sha256sum | head -c 32
        let of_key = Tag::of_key(&upload, BuildNumber::FIRST);
        assert_eq!(of_key.as_str(), "s3k-8230e7d8f5393a098157b835c76a4f74");
        assert_eq!(Tag::of_version(&upload, BuildNumber::FIRST), None);
        upload.version_id = Some("null".to_owned());
        assert_eq!(Tag::of_version(&upload, BuildNumber::FIRST), None);
        upload.version_id = Some("v1".to_owned());
        // printf 'inbox\0in/누수.csv\0v1' | sha256sum | head -c 32
        let of_version = Tag::of_version(&upload, BuildNumber::FIRST).expect("it has a version");
        assert_eq!(of_version.as_str(), "s3v-3a09535fa38dff28f6bd52922c2457a4");
        assert_ne!(Tag::of_key(&upload, BuildNumber(2)), of_key);
    }
}
