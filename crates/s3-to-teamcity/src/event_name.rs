//! What can happen to an object, in S3's words.

use std::fmt;

/// The families of event names. Source: "Supported event types for SQS, SNS, and Lambda" in the Amazon S3
/// User Guide.
const FAMILIES: [&str; 11] = [
    "ObjectCreated",
    "ObjectRemoved",
    "ObjectRestore",
    "ObjectTagging",
    "ObjectAcl",
    "ObjectAnnotation",
    "LifecycleExpiration",
    "LifecycleTransition",
    "IntelligentTiering",
    "Replication",
    "ReducedRedundancyLostObject",
];

/// An event's name as in an S3 notification, `ObjectCreated:Put`; EventBridge's names are translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName(String);

impl EventName {
    /// From a notification: without `s3:` in records, with it in bucket configurations.
    pub fn from_notification(name: &str) -> Self {
        Self(name.strip_prefix("s3:").unwrap_or(name).to_owned())
    }

    /// From EventBridge's `detail-type`, with `detail.reason` and `detail.deletion-type`. What is not known
    /// keeps its name, which no route matches.
    pub fn from_eventbridge(detail_type: &str, reason: &str, deletion_type: &str) -> Self {
        let name = match detail_type {
            "Object Created" => match reason {
                "PutObject" => "ObjectCreated:Put",
                "POST Object" => "ObjectCreated:Post",
                "CopyObject" => "ObjectCreated:Copy",
                "CompleteMultipartUpload" => "ObjectCreated:CompleteMultipartUpload",
                _ => "ObjectCreated",
            },
            "Object Deleted" => match (reason, deletion_type) {
                ("Lifecycle Expiration", "Delete Marker Created") => {
                    "LifecycleExpiration:DeleteMarkerCreated"
                }
                ("Lifecycle Expiration", _) => "LifecycleExpiration:Delete",
                (_, "Delete Marker Created") => "ObjectRemoved:DeleteMarkerCreated",
                _ => "ObjectRemoved:Delete",
            },
            "Object Restore Initiated" => "ObjectRestore:Post",
            "Object Restore Completed" => "ObjectRestore:Completed",
            "Object Restore Expired" => "ObjectRestore:Delete",
            "Object Tags Added" => "ObjectTagging:Put",
            "Object Tags Deleted" => "ObjectTagging:Delete",
            "Object ACL Updated" => "ObjectAcl:Put",
            "Object Storage Class Changed" => "LifecycleTransition",
            "Object Access Tier Changed" => "IntelligentTiering",
            other => other,
        };
        Self(name.to_owned())
    }

    /// Whether the object is gone.
    pub fn is_removal(&self) -> bool {
        ["ObjectRemoved", "LifecycleExpiration"].contains(&self.family())
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn family(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a route asks for: a whole family, or one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPattern {
    families: Vec<String>,
    name: Option<EventName>,
}

impl EventPattern {
    /// `ObjectCreated:*`, `ObjectRemoved:Delete`, both also with `s3:`, and EventBridge's `Object Created`
    /// and `Object Deleted`.
    ///
    /// # Errors
    /// For a family that S3 does not have: it would never match, and nobody would notice.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "Object Created" => return Ok(Self::families(&["ObjectCreated"])),
            "Object Deleted" => return Ok(Self::families(&["ObjectRemoved", "LifecycleExpiration"])),
            _ => {}
        }
        let name = EventName::from_notification(text);
        let family = name.family();
        if !FAMILIES.contains(&family) {
            return Err(format!(
                "S3 has no event {text:?}, expected one like ObjectCreated:*"
            ));
        }
        match &name.as_str()[family.len()..] {
            "" | ":*" => Ok(Self::families(&[family])),
            rest if rest.len() > 1 && !rest.contains('*') => Ok(Self {
                families: Vec::new(),
                name: Some(name),
            }),
            _ => Err(format!(
                "{text:?} is no event's name, expected one like ObjectCreated:Put"
            )),
        }
    }

    /// Every event by which an object comes to be.
    pub fn created() -> Self {
        Self::families(&["ObjectCreated"])
    }

    /// Whether it asks for this event.
    pub fn matches(&self, event: &EventName) -> bool {
        match &self.name {
            Some(name) => name == event,
            None => self.families.iter().any(|family| family == event.family()),
        }
    }

    fn families(families: &[&str]) -> Self {
        Self {
            families: families.iter().map(|&family| family.to_owned()).collect(),
            name: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], other: &[&str]) {
        let pattern = EventPattern::parse(pattern).expect("a good pattern");
        for name in matching {
            assert!(pattern.matches(&EventName::from_notification(name)), "{name}");
        }
        for name in other {
            assert!(!pattern.matches(&EventName::from_notification(name)), "{name}");
        }
    }

    #[test]
    fn matches_a_family_or_a_name() {
        check(
            "ObjectCreated:*",
            &["ObjectCreated:Put", "s3:ObjectCreated:Copy", "ObjectCreated"],
            &["ObjectRemoved:Delete"],
        );
        check(
            "s3:ObjectCreated:Put",
            &["ObjectCreated:Put"],
            &["ObjectCreated:Post"],
        );
        check(
            "Object Deleted",
            &["ObjectRemoved:Delete", "LifecycleExpiration:Delete"],
            &["ObjectCreated:Put"],
        );
        check(
            "LifecycleTransition",
            &["LifecycleTransition"],
            &["LifecycleExpiration:Delete"],
        );
    }

    #[test]
    fn refuses_what_would_never_match() {
        for wrong in ["ObjectCreate:*", "", "*", "ObjectCreated:P*", "ObjectCreated:"] {
            assert!(EventPattern::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn translates_eventbridges_names() {
        let name = |detail_type, reason, deletion| {
            EventName::from_eventbridge(detail_type, reason, deletion)
                .as_str()
                .to_owned()
        };
        assert_eq!(name("Object Created", "PutObject", ""), "ObjectCreated:Put");
        assert_eq!(name("Object Created", "", ""), "ObjectCreated");
        assert_eq!(
            name("Object Deleted", "DeleteObject", "Delete Marker Created"),
            "ObjectRemoved:DeleteMarkerCreated"
        );
        assert_eq!(
            name("Object Deleted", "Lifecycle Expiration", "Permanently Deleted"),
            "LifecycleExpiration:Delete"
        );
    }
}
