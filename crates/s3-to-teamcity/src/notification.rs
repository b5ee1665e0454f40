//! The notification of S3's events, as S3, SNS, SQS, EventBridge or a destination of Lambda deliver it.

use serde_json::Value;

use crate::event_name::EventName;
use crate::upload::{ObjectKey, Upload};

/// The greatest depth of envelopes. The deepest known has five: SQS, a destination's EventBridge event, its record, SNS,
/// and the notification of S3.
const MAX_DEPTH: usize = 6;

/// One entry of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Upload(Upload),
    /// S3's test message after notifications were set up for the bucket.
    TestEvent {
        bucket: Option<String>,
    },
    /// An event about something other than an object in S3, by its source and type.
    Foreign(String),
    /// The fault of an entry that could not be read. It never quotes the entry, which may hold personal data.
    Malformed(String),
}

/// Reads a notification of S3 or EventBridge, also inside SNS. Returns `None` for other JSON.
pub(crate) fn read(notification: &Value) -> Option<Vec<Notice>> {
    read_at(notification, 0)
}

/// Reads a notification from the body of an SQS message.
pub(crate) fn read_text(text: &str) -> Vec<Notice> {
    read_text_at(text, 0)
}

fn read_text_at(text: &str, depth: usize) -> Vec<Notice> {
    let Ok(notification) = serde_json::from_str::<Value>(text) else {
        return malformed("the message is not JSON");
    };
    read_at(&notification, depth).unwrap_or_else(|| malformed("the message is not an S3 notification"))
}

fn read_at(notification: &Value, depth: usize) -> Option<Vec<Notice>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let text = |pointer| text(notification, pointer);
    if let Some(Value::Array(records)) = notification.get("Records") {
        let notices = records
            .iter()
            .enumerate()
            .map(|(at, record)| read_record(record, at + 1, depth));
        return Some(notices.flatten().collect());
    }
    if text("/Event").as_deref() == Some("s3:TestEvent") {
        return Some(vec![Notice::TestEvent {
            bucket: text("/Bucket"),
        }]);
    }
    match text("/Type").as_deref() {
        Some("Notification") => return Some(read_text_at(&text("/Message").unwrap_or_default(), depth + 1)),
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => return Some(malformed(CONFIRMATION)),
        _ => {}
    }
    if let Some(payload) = notification.get("requestPayload") {
        return read_at(payload, depth + 1);
    }
    if let Some(detail) = notification.get("detail") {
        return read_eventbridge_at(notification, detail, depth);
    }
    // SNS posts its confirmation to an HTTP address, which can be a function URL or an API.
    let body = serde_json::from_str::<Value>(&text("/body")?).ok()?;
    let notices = read_at(&body, depth + 1)?;
    (notices == malformed(CONFIRMATION)).then_some(notices)
}

const CONFIRMATION: &str = "this is a confirmation of an SNS subscription, not a notification; subscribe the function with \
                            the protocol lambda, or its queue with the protocol sqs, instead of an HTTP address";

/// Reads an event of EventBridge. Returns `None` if it lacks source or type, which every one of them has.
fn read_eventbridge_at(event: &Value, detail: &Value, depth: usize) -> Option<Vec<Notice>> {
    let source = text(event, "/source")?;
    let Some(detail_type) = text(event, "/detail-type") else {
        return (source == "aws.s3").then(|| malformed("the EventBridge event has no detail-type"));
    };
    if source == "aws.s3" && detail_type.starts_with("Object ") {
        return Some(vec![read_eventbridge(event)]);
    }
    // A destination of Lambda that is an event bus wraps the record.
    if source == "lambda" && detail.get("requestPayload").is_some() {
        return read_at(detail, depth + 1);
    }
    Some(vec![Notice::Foreign(format!("{source}: {detail_type}"))])
}

/// Reads a record of an S3 notification or of an SNS event.
fn read_record(record: &Value, number: usize, depth: usize) -> Vec<Notice> {
    if record.get("s3").is_some() {
        return vec![read_s3(record, number)];
    }
    let message = text(record, "/Sns/Message").or_else(|| text(record, "/body"));
    if let Some(message) = message {
        return read_text_at(&message, depth + 1);
    }
    match text(record, "/eventSource").filter(|source| FOREIGN_SOURCES.contains(&source.as_str())) {
        Some(source) => vec![Notice::Foreign(source)],
        None => malformed(format!("record {number} is neither an S3 nor an SNS record")),
    }
}

/// Sources of records that event source mappings and services deliver.
const FOREIGN_SOURCES: [&str; 5] = [
    "aws:dynamodb",
    "aws:kinesis",
    "aws:kafka",
    "aws:ses",
    "aws:codecommit",
];

fn read_s3(record: &Value, number: usize) -> Notice {
    let read = || {
        let key = text(record, "/s3/object/key").ok_or("no s3.object.key")?;
        Ok(Upload {
            bucket: text(record, "/s3/bucket/name").ok_or("no s3.bucket.name")?,
            key: ObjectKey::from_notification(&key)?,
            event_name: EventName::from_notification(&text(record, "/eventName").ok_or("no eventName")?),
            version_id: text(record, "/s3/object/versionId"),
            etag: text(record, "/s3/object/eTag"),
            size: record.pointer("/s3/object/size").and_then(Value::as_u64),
            sequencer: text(record, "/s3/object/sequencer"),
            event_time: text(record, "/eventTime"),
            batch_job: None,
        })
    };
    notice(read(), &format!("record {number}"))
}

fn read_eventbridge(event: &Value) -> Notice {
    let read = || {
        let detail_type = text(event, "/detail-type").ok_or("no detail-type")?;
        let reason = text(event, "/detail/reason").unwrap_or_default();
        let deletion_type = text(event, "/detail/deletion-type").unwrap_or_default();
        let key = text(event, "/detail/object/key").ok_or("no detail.object.key")?;
        Ok(Upload {
            bucket: text(event, "/detail/bucket/name").ok_or("no detail.bucket.name")?,
            key: ObjectKey::from_eventbridge(&key).ok_or("no detail.object.key")?,
            event_name: EventName::from_eventbridge(&detail_type, &reason, &deletion_type),
            version_id: text(event, "/detail/object/version-id"),
            etag: text(event, "/detail/object/etag"),
            size: event.pointer("/detail/object/size").and_then(Value::as_u64),
            sequencer: text(event, "/detail/object/sequencer"),
            event_time: text(event, "/time"),
            batch_job: None,
        })
    };
    notice(read(), "the EventBridge event")
}

fn notice(upload: Result<Upload, &str>, source: &str) -> Notice {
    match upload {
        Ok(upload) => Notice::Upload(upload),
        Err(fault) => Notice::Malformed(format!("{source} has {fault}")),
    }
}

fn malformed(fault: impl Into<String>) -> Vec<Notice> {
    vec![Notice::Malformed(fault.into())]
}

/// Returns the text at `pointer`, if it is there and not empty.
fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::upload::as_s3_encodes;

    /// Describes each notice in a line.
    fn lines(notices: &[Notice]) -> Vec<String> {
        let lines = notices.iter().map(|notice| match notice {
            Notice::Upload(upload) => format!("{} {upload}", upload.event_name),
            Notice::TestEvent { bucket } => format!("test of {}", bucket.as_deref().unwrap_or("?")),
            Notice::Foreign(source) => format!("foreign: {source}"),
            Notice::Malformed(fault) => format!("malformed: {fault}"),
        });
        lines.collect()
    }

    #[track_caller]
    fn check(notification: Value, expected: &[&str]) {
        assert_eq!(lines(&read(&notification).expect("a notification")), expected);
    }

    fn s3_record(key: &str) -> Value {
        json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
               "s3": {"bucket": {"name": "inbox"}, "object": {"key": key}}})
    }

    #[test]
    fn reads_each_record() {
        let notification = json!({"Records": [s3_record("a+b"), s3_record("c")]});
        check(
            notification,
            &[
                "ObjectCreated:Put s3://inbox/a b",
                "ObjectCreated:Put s3://inbox/c",
            ],
        );
    }

    #[test]
    fn a_malformed_record_does_not_hide_the_others() {
        let notification = json!({"Records": [{"s3": {"bucket": {"name": "inbox"}}}, {}, s3_record("c"), 7]});
        check(
            notification,
            &[
                "malformed: record 1 has no s3.object.key",
                "malformed: record 2 is neither an S3 nor an SNS record",
                "ObjectCreated:Put s3://inbox/c",
                "malformed: record 4 is neither an S3 nor an SNS record",
            ],
        );
    }

    #[test]
    fn unwraps_sns() {
        let inner = json!({"Records": [s3_record("a+b")]}).to_string();
        let expected = ["ObjectCreated:Put s3://inbox/a b"];
        check(
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": inner}}]}),
            &expected,
        );
        check(json!({"Type": "Notification", "Message": inner}), &expected);
        check(
            json!({"Type": "Notification", "Message": "hello"}),
            &["malformed: the message is not JSON"],
        );
    }

    #[test]
    fn does_not_unwrap_deeper_than_any_channel_wraps() {
        let mut nested = json!({"Records": [s3_record("a")]});
        for _ in 0..20 {
            nested = json!({"Type": "Notification", "Message": nested.to_string()});
        }
        check(nested, &["malformed: the message is not an S3 notification"]);
    }

    #[test]
    fn reads_eventbridge_without_decoding_the_key() {
        let event = json!({"source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-01T00:00:00Z",
            "detail": {"reason": "PutObject", "bucket": {"name": "inbox"}, "object": {"key": "a+b%2B"}}});
        check(event, &["ObjectCreated:Put s3://inbox/a+b%2B"]);
    }

    #[test]
    fn reads_the_test_event() {
        check(
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "inbox"}),
            &["test of inbox"],
        );
    }

    #[test]
    fn unwraps_records_of_lambdas_destinations() {
        let event = json!({"Records": [s3_record("a+b")]});
        let record = json!({"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event});
        let expected = ["ObjectCreated:Put s3://inbox/a b"];
        check(record.clone(), &expected);
        check(
            json!({"source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure", "detail": record}),
            &expected,
        );
        check(
            json!({"Type": "Notification", "Message": record.to_string()}),
            &expected,
        );
    }

    #[test]
    fn names_the_confirmation_of_an_sns_subscription() {
        let confirmation =
            json!({"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example/secret"});
        let by_url = json!({"version": "2.0", "requestContext": {}, "body": confirmation.to_string()});
        for event in [confirmation, by_url] {
            let lines = lines(&read(&event).expect("it is recognised"));
            assert!(
                lines.len() == 1
                    && lines[0].contains("a confirmation of an SNS subscription")
                    && !lines[0].contains("secret"),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn events_about_something_else_are_foreign() {
        let other =
            json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change", "detail": {}});
        check(other, &["foreign: aws.codebuild: CodeBuild Build State Change"]);
        let call = json!({"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "PutObject"}});
        check(call, &["foreign: aws.s3: AWS API Call via CloudTrail"]);
        check(
            json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": "aGVsbG8="}}]}),
            &["foreign: aws:kinesis"],
        );
    }

    #[test]
    fn a_key_that_is_not_encoded_is_a_fault() {
        check(
            json!({"Records": [s3_record("in/C++ report 100%.csv")]}),
            &[
                "malformed: record 1 has an s3.object.key that is not URL-encoded; send EventBridge events without an input \
               transformer",
            ],
        );
    }

    #[test]
    fn ignores_other_json() {
        for other in [
            json!({}),
            json!([]),
            json!("x"),
            json!({"source": "aws.ec2"}),
            json!({"Records": "x"}),
        ] {
            assert_eq!(read(&other), None);
        }
    }

    /// Returns the notification's only key.
    fn key(notification: &Value) -> Option<String> {
        match read(notification)?.as_slice() {
            [Notice::Upload(upload)] => Some(upload.key.to_string()),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn every_channel_yields_the_uploaded_key(uploaded in "\\PC{1,256}|[+%0-9A-F ,:()/]{1,64}") {
            let direct = json!({"Records": [s3_record(&as_s3_encodes(&uploaded))]});
            let eventbridge = json!({"source": "aws.s3", "detail-type": "Object Created",
                "detail": {"bucket": {"name": "inbox"}, "object": {"key": uploaded}}});
            for sent in [direct, eventbridge] {
                let by_sns = json!({"Records": [{"Sns": {"Message": sent.to_string()}}]});
                let envelope = json!({"Type": "Notification", "Message": sent.to_string()});
                for notification in [sent, by_sns, envelope] {
                    prop_assert_eq!(key(&notification), Some(uploaded.clone()));
                    let from_sqs = read_text(&notification.to_string());
                    prop_assert_eq!(Some(from_sqs), read(&notification));
                }
            }
        }
    }
}
