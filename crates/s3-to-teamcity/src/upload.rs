//! What happened to an object, whichever channel told it.

use percent_encoding::percent_decode_str;
use std::fmt;

use crate::event_name::EventName;

/// One event of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: ObjectKey,
    /// What happened.
    pub event_name: EventName,
    /// Only where the bucket has versions; `null` is the version from before it had any.
    pub version_id: Option<String>,
    /// A hash of the content: the same for the same content uploaded again.
    pub etag: Option<String>,
    /// In bytes.
    pub size: Option<u64>,
    /// Grows from event to event of one key; S3's own mark to tell them apart.
    pub sequencer: Option<String>,
    /// As S3 wrote it.
    pub event_time: Option<String>,
}

impl fmt::Display for Upload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

/// An object's key as it is in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// From an S3 notification, which encodes keys as forms do: `red+flower%2B.jpg` is `red flower+.jpg`.
    /// `None` where that is empty or no UTF-8, which a key always is.
    pub fn from_notification(encoded: &str) -> Option<Self> {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
        Self::from_eventbridge(&decoded)
    }

    /// From EventBridge, which does not encode keys: `+` and `%` are themselves. `None` where it is empty.
    pub fn from_eventbridge(literal: &str) -> Option<Self> {
        (!literal.is_empty()).then(|| Self(literal.to_owned()))
    }

    /// The whole key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What S3 leaves as it is in the key of a notification.
#[cfg(test)]
const PLAIN: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');

/// A key as it stands in a notification.
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
    fn notifications_encode_keys_as_forms_do() {
        check("red+flower.jpg", "red flower.jpg");
        check("a%2Bb+%252B.txt", "a+b %2B.txt");
        check("%EB%88%84%EC%88%98/%EC%82%AC%EC%A7%84+1.jpg", "누수/사진 1.jpg");
        check("%2C%3A%28%29", ",:()");
        check("%F0%9F%8F%A2.png", "🏢.png");
        check(&"%EB%88%84".repeat(341), &"누".repeat(341));
    }

    #[test]
    fn eventbridge_writes_keys_as_they_are() {
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
    fn the_file_name_is_what_stands_behind_the_last_slash() {
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
        fn what_s3_encodes_is_decoded_to_the_same_key(key in "\\PC{1,256}|[+%0-9A-F ,:()/]{1,64}") {
            let decoded = ObjectKey::from_notification(&as_s3_encodes(&key));
            prop_assert_eq!(decoded, Some(ObjectKey(key)));
        }

        #[test]
        fn what_eventbridge_writes_is_the_key_itself(key in "\\PC{1,256}|[+%0-9A-F ,:()/]{1,64}") {
            prop_assert_eq!(ObjectKey::from_eventbridge(&key), Some(ObjectKey(key)));
        }
    }
}
