//! An S3 event about one object.

use percent_encoding::percent_decode_str;
use std::fmt;

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
    /// S3's own mark that tells the events of one key apart; it grows from event to event.
    pub(crate) sequencer: Option<String>,
    /// The event's time, in S3's notation.
    pub(crate) event_time: Option<String>,
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
    /// `red flower+.jpg`. Returns `None` if the result is empty or not UTF-8, since no key in S3 is either.
    pub(crate) fn from_notification(encoded: &str) -> Option<Self> {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
        Self::from_eventbridge(&decoded)
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

/// The characters that S3 does not encode in the key of a notification.
#[cfg(test)]
const PLAIN: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');

/// Encodes a key as S3 does in a notification.
#[cfg(test)]
pub(crate) fn as_s3_encodes(key: &str) -> String {
    percent_encoding::utf8_percent_encode(key, PLAIN)
        .to_string()
        .replace("%20", "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(encoded: &str, key: &str) {
        let decoded = ObjectKey::from_notification(encoded).expect("a good key");
        assert_eq!(decoded.as_str(), key);
        assert_eq!(
            ObjectKey::from_notification(&as_s3_encodes(key)).as_ref(),
            Some(&decoded)
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
    fn keys_in_eventbridge_events_are_not_encoded() {
        let key = ObjectKey::from_eventbridge("a+b %2B.txt").expect("a good key");
        assert_eq!(key.as_str(), "a+b %2B.txt");
    }

    #[test]
    fn a_key_is_never_empty_and_always_utf_8() {
        assert_eq!(ObjectKey::from_notification(""), None);
        assert_eq!(ObjectKey::from_eventbridge(""), None);
        assert_eq!(ObjectKey::from_notification("%FF%FE"), None);
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

    proptest! {
        #[test]
        fn decoding_restores_every_key_that_s3_encoded(key in "\\PC{1,256}|[+%0-9A-F ,:()/]{1,64}") {
            let decoded = ObjectKey::from_notification(&as_s3_encodes(&key));
            prop_assert_eq!(decoded, Some(ObjectKey(key)));
        }

        #[test]
        fn eventbridge_keys_are_taken_as_they_are(key in "\\PC{1,256}|[+%0-9A-F ,:()/]{1,64}") {
            prop_assert_eq!(ObjectKey::from_eventbridge(&key), Some(ObjectKey(key)));
        }
    }
}
