//! The names of S3's events.

use std::fmt;

/// The families of events, and the names in each of them. A family without names is an event itself. Source: "Supported
/// event types for SQS, SNS, and Lambda" in the Amazon S3 User Guide. Those of `ObjectAnnotation` are named after its API.
const FAMILIES: [(&str, &[&str]); 11] = [
    (
        "ObjectCreated",
        &["Put", "Post", "Copy", "CompleteMultipartUpload"],
    ),
    ("ObjectRemoved", &["Delete", "DeleteMarkerCreated"]),
    ("ObjectRestore", &["Post", "Completed", "Delete"]),
    ("ObjectTagging", &["Put", "Delete"]),
    ("ObjectAcl", &["Put"]),
    ("ObjectAnnotation", &["Put", "Delete"]),
    ("LifecycleExpiration", &["Delete", "DeleteMarkerCreated"]),
    ("LifecycleTransition", &[]),
    ("IntelligentTiering", &[]),
    (
        "Replication",
        &[
            "OperationFailedReplication",
            "OperationMissedThreshold",
            "OperationReplicatedAfterThreshold",
            "OperationNotTracked",
        ],
    ),
    ("ReducedRedundancyLostObject", &[]),
];

/// EventBridge's names, and the names in notifications of the same events. Source: "Mapping and troubleshooting" of
/// EventBridge in the Amazon S3 User Guide.
const EVENTBRIDGE_NAMES: [(&str, &[&str]); 10] = [
    ("Object Created", &["ObjectCreated"]),
    ("Object Deleted", &["ObjectRemoved", "LifecycleExpiration"]),
    ("Object Restore Initiated", &["ObjectRestore:Post"]),
    ("Object Restore Completed", &["ObjectRestore:Completed"]),
    ("Object Restore Expired", &["ObjectRestore:Delete"]),
    ("Object Tags Added", &["ObjectTagging:Put"]),
    ("Object Tags Deleted", &["ObjectTagging:Delete"]),
    ("Object ACL Updated", &["ObjectAcl:Put"]),
    ("Object Storage Class Changed", &["LifecycleTransition"]),
    ("Object Access Tier Changed", &["IntelligentTiering"]),
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
            other => match eventbridge_names(other) {
                Some([name]) => name,
                _ => other,
            },
        };
        Self(name.to_owned())
    }

    /// Returns the name of a task of S3 Batch Operations: the object was created at some time.
    pub(crate) fn batch_task() -> Self {
        Self("ObjectCreated:Batch".to_owned())
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

    /// Reports whether `other` is this event, or an event of this family.
    fn includes(&self, other: &Self) -> bool {
        self == other || self.0 == other.family()
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A pattern of a route: whole families of events, or one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventPattern(Vec<EventName>);

impl EventPattern {
    /// Parses `ObjectCreated:*` or `ObjectRemoved:Delete`, also with `s3:`, and EventBridge's names such as
    /// `Object Created`.
    ///
    /// # Errors
    ///
    /// An event that S3 does not have. Such a pattern would never match, without any sign of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(names) = eventbridge_names(text) {
            return Ok(Self::of(names));
        }
        let name = EventName::from_notification(text);
        let Some((family, names)) = FAMILIES.iter().find(|(family, _)| *family == name.family()) else {
            let families = FAMILIES.map(|(family, _)| family).join(", ");
            return Err(format!(
                "S3 has no event {text:?}, expected ObjectCreated:*, another of the families {families}, or a name of \
                 EventBridge such as \"Object Created\""
            ));
        };
        let own = name.as_str()[family.len()..].trim_start_matches(':');
        let is_family = name.as_str() == *family || own == "*";
        if is_family || names.contains(&own) {
            return Ok(Self::of(&[if is_family { *family } else { name.as_str() }]));
        }
        let known: String = names.iter().map(|name| format!(", {family}:{name}")).collect();
        Err(format!("S3 has no event {text:?}, expected {family}:*{known}"))
    }

    /// Returns the pattern for every event that creates an object.
    pub(crate) fn created() -> Self {
        Self::of(&["ObjectCreated"])
    }

    pub(crate) fn matches(&self, event: &EventName) -> bool {
        self.0.iter().any(|pattern| pattern.includes(event))
            // The listing does not show how the object was created.
            || (*event == EventName::batch_task() && self.0.iter().any(|name| name.family() == event.family()))
    }

    /// Reports whether this pattern matches every event that `other` matches.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        let included = |name| self.0.iter().any(|pattern| pattern.includes(name));
        other.0.iter().all(included)
    }

    /// Reports whether an event exists that both patterns match.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let meets = |a: &EventName, b: &EventName| a.includes(b) || b.includes(a);
        self.0.iter().any(|a| other.0.iter().any(|b| meets(a, b)))
    }

    /// Reports whether the pattern matches removals only.
    pub(crate) fn is_removal(&self) -> bool {
        self.0.iter().all(EventName::is_removal)
    }

    fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|&name| EventName(name.to_owned())).collect())
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(EventName::as_str).collect();
        formatter.write_str(&names.join(" and "))
    }
}

fn eventbridge_names(detail_type: &str) -> Option<&'static [&'static str]> {
    let (_, names) = EVENTBRIDGE_NAMES.iter().find(|(name, _)| *name == detail_type)?;
    Some(names)
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
        for wrong in [
            "ObjectCreate:*",
            "",
            "*",
            "ObjectCreated:P*",
            "ObjectCreated:",
            "ObjectCreated:Putt",
            "ObjectCreated:put",
            "LifecycleTransition:Put",
            "Object Createt",
        ] {
            assert!(EventPattern::parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(
            EventPattern::parse("ObjectAcl:Post"),
            Err(r#"S3 has no event "ObjectAcl:Post", expected ObjectAcl:*, ObjectAcl:Put"#.to_owned())
        );
    }

    #[test]
    fn every_name_of_eventbridge_matches_its_events() {
        for (name, _) in EVENTBRIDGE_NAMES {
            let event = EventName::from_eventbridge(name, "", "");
            let pattern = EventPattern::parse(name).expect("a name of EventBridge");
            assert!(pattern.matches(&event), "{name}");
        }
        check(
            "Object Restore Completed",
            &["ObjectRestore:Completed"],
            &["ObjectRestore:Post", "ObjectRestore:Delete"],
        );
    }

    #[test]
    fn a_task_of_batch_operations_matches_every_pattern_for_created_objects() {
        let matches = |pattern| {
            let pattern = EventPattern::parse(pattern).expect("a good pattern");
            pattern.matches(&EventName::batch_task())
        };
        assert!(matches("ObjectCreated:*") && matches("ObjectCreated:Put") && matches("Object Created"));
        assert!(!matches("ObjectRemoved:*") && !matches("Object Deleted"));
    }

    #[test]
    fn patterns_are_compared_with_each_other() {
        let pattern = |text| EventPattern::parse(text).expect("a good pattern");
        let (created, put, deleted) = (
            pattern("ObjectCreated:*"),
            pattern("ObjectCreated:Put"),
            pattern("Object Deleted"),
        );
        assert!(created.includes(&put) && !put.includes(&created));
        assert!(created.meets(&put) && put.meets(&created) && !deleted.meets(&put));
        assert!(deleted.is_removal() && !created.is_removal());
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
