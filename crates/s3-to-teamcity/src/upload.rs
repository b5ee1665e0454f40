//! An S3 event about one object.

use std::fmt;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use crate::event_name::EventName;

/// An S3 event about one object, in most cases its upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: ObjectKey,
    pub(crate) event_name: EventName,
    /// The object's version, if the bucket has versions. `null` is the version from before versioning was switched on.
    pub(crate) version_id: Option<String>,
    /// A hash of the content. The same content uploaded again has the same one.
    pub(crate) etag: Option<String>,
    /// The object's size in bytes.
    pub(crate) size: Option<u64>,
    /// S3's own mark that tells the events of one key apart; it grows from event to event. Only uploads and removals have
    /// one.
    pub(crate) sequencer: Option<String>,
    /// The event's time, in S3's notation.
    pub(crate) event_time: Option<String>,
    /// The job of S3 Batch Operations that lists the object; `None` for an event.
    pub(crate) batch_job: Option<BatchJob>,
}

/// The part of a job of S3 Batch Operations that its builds depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchJob {
    pub(crate) id: String,
    /// True if the job also builds objects that have a build already.
    pub(crate) again: bool,
}

impl Upload {
    /// Returns the version's id, if it names one version of the object.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version_id.as_deref().filter(|version| *version != "null")
    }

    /// Reports whether the object only marks a folder: consoles and tools create `in/new/` with 0 bytes. Removals and
    /// tasks of S3 Batch Operations have no size.
    pub(crate) fn is_folder_marker(&self) -> bool {
        self.key.as_str().ends_with('/') && self.size.unwrap_or_default() == 0
    }
}

impl fmt::Display for Upload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

/// An object's key, decoded, as in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectKey(String);

impl ObjectKey {
    /// Decodes the key of an S3 notification, which is encoded like an HTML form: `red+flower%2B.jpg` is
    /// `red flower+.jpg`.
    ///
    /// # Errors
    ///
    /// The result is empty or not UTF-8, which no key in S3 is; or the key was not encoded, and decoding would change it.
    pub(crate) fn from_notification(encoded: &str) -> Result<Self, &'static str> {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced)
            .decode_utf8()
            .map_err(|_| "no s3.object.key in UTF-8")?;
        if *decoded != *encoded && !is_form_encoded(encoded) {
            // Ceph RGW and input transformers of EventBridge deliver such keys. Some of them decode to other keys.
            return Err(
                "an s3.object.key that is not URL-encoded; send EventBridge events without an input transformer",
            );
        }
        Self::from_eventbridge(&decoded).ok_or("no s3.object.key")
    }

    /// Takes the key of an EventBridge event as it is, because EventBridge does not encode keys. Returns `None` if it is
    /// empty.
    pub(crate) fn from_eventbridge(literal: &str) -> Option<Self> {
        (!literal.is_empty()).then(|| Self(literal.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the part after the last `/`.
    pub(crate) fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Composes letters (Unicode NFC), so that equal text compares equal. Uploads from macOS have decomposed keys: the Korean
/// syllable 누 is then two letters.
pub(crate) fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// Reports whether S3 can have encoded this key: in ASCII, without spaces, and with two digits after each `%`.
fn is_form_encoded(key: &str) -> bool {
    let is_escape =
        |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    key.is_ascii() && !key.contains(' ') && key.split('%').skip(1).all(is_escape)
}

/// The characters that S3 does not encode in the key of a notification.
#[cfg(any(fuzzing, test))]
const PLAIN: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');

/// Encodes a key as S3 does in a notification.
#[cfg(any(fuzzing, test))]
pub(crate) fn as_s3_encodes(key: &str) -> String {
    percent_encoding::utf8_percent_encode(key, PLAIN)
        .to_string()
        .replace("%20", "+")
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns an event about `s3://inbox/{key}` with a sequencer.
    pub(crate) fn upload(key: &str, event: &str) -> Upload {
        Upload {
            bucket: "inbox".to_owned(),
            key: ObjectKey::from_eventbridge(key).expect("a good key"),
            event_name: EventName::from_notification(event),
            version_id: None,
            etag: Some("e1".to_owned()),
            size: Some(100),
            sequencer: Some("0A1B".to_owned()),
            event_time: Some("2026-11-01T00:00:00.000Z".to_owned()),
            batch_job: None,
        }
    }

    #[track_caller]
    fn check(encoded: &str, key: &str) {
        let decoded = ObjectKey::from_notification(encoded).expect("a good key");
        assert_eq!(decoded.as_str(), key);
        assert_eq!(
            ObjectKey::from_notification(&as_s3_encodes(key)).as_ref(),
            Ok(&decoded)
        );
    }

    #[test]
    fn keys_in_notifications_are_form_encoded() {
        check("red+flower.jpg", "red flower.jpg");
        check("a%2Bb+%252B.txt", "a+b %2B.txt");
        check("%EB%88%84%EC%88%98/%EC%82%AC%EC%A7%84+1.jpg", "누수/사진 1.jpg");
        check("%2C%3A%28%29", ",:()");
        check("%F0%9F%8F%A2.png", "🏢.png");
        check(&"%EB%88%84".repeat(341), &"누".repeat(341));
    }

    #[test]
    fn a_key_that_s3_did_not_encode_is_rejected_if_decoding_would_change_it() {
        for raw in [
            "in/C++ report 100%.csv",
            "a+b c",
            "누수+1.csv",
            "a%2 b+",
            "%EB 1+",
        ] {
            assert!(ObjectKey::from_notification(raw).is_err(), "{raw}");
        }
        for raw in ["a b.csv", "누수.csv", "50%.csv", "a%2 b"] {
            let key = ObjectKey::from_notification(raw).expect("decoding does not change it");
            assert_eq!(key.as_str(), raw);
        }
    }

    #[test]
    fn keys_in_eventbridge_events_are_not_encoded() {
        let key = ObjectKey::from_eventbridge("a+b %2B.txt").expect("a good key");
        assert_eq!(key.as_str(), "a+b %2B.txt");
    }

    #[test]
    fn a_key_is_never_empty_and_always_utf_8() {
        assert!(ObjectKey::from_notification("").is_err());
        assert_eq!(ObjectKey::from_eventbridge(""), None);
        assert!(ObjectKey::from_notification("%FF%FE").is_err());
    }

    #[test]
    fn the_file_name_is_the_part_after_the_last_slash() {
        let file_name = |key| {
            ObjectKey::from_eventbridge(key)
                .expect("not empty")
                .file_name()
                .to_owned()
        };
        assert_eq!(file_name("in/2026/a.csv"), "a.csv");
        assert_eq!(file_name("a.csv"), "a.csv");
        assert_eq!(file_name("in/"), "");
    }

    #[test]
    fn only_an_empty_object_with_a_final_slash_marks_a_folder() {
        let is_marker = |key, size| {
            Upload {
                size,
                ..upload(key, "ObjectCreated:Put")
            }
            .is_folder_marker()
        };
        assert!(is_marker("in/new/", Some(0)) && is_marker("in/new/", None));
        assert!(!is_marker("in/_SUCCESS", Some(0)) && !is_marker("in/odd/", Some(7)));
    }

    proptest! {
        #[test]
        fn decoding_restores_every_key_that_s3_encoded(key in "\\PC{1,256}|[+%0-9A-F ,:()/]{1,64}") {
            let decoded = ObjectKey::from_notification(&as_s3_encodes(&key));
            prop_assert_eq!(decoded, Ok(ObjectKey(key)));
        }

        #[test]
        fn eventbridge_keys_are_taken_as_they_are(key in "\\PC{1,256}|[+%0-9A-F ,:()/]{1,64}") {
            prop_assert_eq!(ObjectKey::from_eventbridge(&key), Some(ObjectKey(key)));
        }
    }
}
