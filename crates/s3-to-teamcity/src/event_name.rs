//! The names of S3's events.

use std::fmt;

/// The first part of every event name. Source: "Supported event types for SQS, SNS, and Lambda" in the Amazon S3
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

/// An event's name as in an S3 notification, `ObjectCreated:Put`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventName(String);

impl EventName {
    /// Takes the name from a notification, or with `s3:` from the configuration of a bucket.
    pub(crate) fn from_notification(name: &str) -> Self {
        Self(name.strip_prefix("s3:").unwrap_or(name).to_owned())
    }

    /// Translates EventBridge's `detail-type`, with `detail.reason` and `detail.deletion-type`. An unknown
    /// `detail-type` is kept, and no route matches it.
    pub(crate) fn from_eventbridge(detail_type: &str, reason: &str, deletion_type: &str) -> Self {
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

    /// Reports whether the event removed the object.
    pub(crate) fn is_removal(&self) -> bool {
        ["ObjectRemoved", "LifecycleExpiration"].contains(&self.family())
    }

    pub(crate) fn as_str(&self) -> &str {
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

/// A pattern of a route: a whole family of events, or one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventPattern {
    families: Vec<String>,
    name: Option<EventName>,
}

impl EventPattern {
    /// Parses `ObjectCreated:*` or `ObjectRemoved:Delete`, also with `s3:`, and EventBridge's `Object Created` and
    /// `Object Deleted`.
    ///
    /// # Errors
    ///
    /// A family that S3 does not have. Such a pattern would never match, without any sign of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
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
                "expected an event name like ObjectCreated:Put, found {text:?}"
            )),
        }
    }

    /// Returns the pattern for every event that creates an object.
    pub(crate) fn created() -> Self {
        Self::families(&["ObjectCreated"])
    }

    pub(crate) fn matches(&self, event: &EventName) -> bool {
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
    fn rejects_patterns_that_never_match() {
        for wrong in ["ObjectCreate:*", "", "*", "ObjectCreated:P*", "ObjectCreated:"] {
            assert!(EventPattern::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn translates_the_names_of_eventbridge() {
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
