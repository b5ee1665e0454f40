//! The event that invokes the function.

use lambda_core::invalid_event::InvalidEvent;
use serde_json::Value;

use crate::batch_operations::BatchTasks;
use crate::notification::{self, Notice};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An event of S3, SNS or EventBridge. It succeeds or fails as a whole.
    Notification(Vec<Notice>),
    /// An event of SQS, by an event source mapping or a pipe. Each message succeeds or fails by itself.
    SqsBatch(Vec<SqsMessage>),
    /// An event of S3 Batch Operations. Each task has a result.
    BatchOperations(BatchTasks),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqsMessage {
    /// The id by which the response names a failed message.
    pub(crate) id: String,
    /// The message group of a FIFO queue, whose messages are processed in their order.
    pub(crate) group: Option<String>,
    pub(crate) body: String,
    pub(crate) notices: Vec<Notice>,
}

const EXPECTED: &str = "expected an S3 notification (also inside SQS, SNS or a record of a Lambda destination), an EventBridge \
                        event with the source aws.s3, or a task of S3 Batch Operations";

impl Event {
    /// Parses an event of any channel, by the shape of its JSON: the structs of `aws_lambda_events` reject some real
    /// events.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`] if no part can be read. Otherwise a part that cannot be read becomes a [`Notice::Malformed`].
    pub(crate) fn parse(event: &Value) -> Result<Self, InvalidEvent> {
        if let Some(messages) = sqs_messages(event) {
            let messages = messages.iter().map(parse_message).collect::<Result<_, _>>();
            return messages.map(Self::SqsBatch);
        }
        if let Some(tasks) = BatchTasks::parse(event) {
            return tasks.map(Self::BatchOperations);
        }
        let notices = read_notices(event).ok_or_else(|| InvalidEvent::new(EXPECTED))?;
        let mut faults = notices.iter().filter_map(|notice| match notice {
            Notice::Malformed(fault) => Some(fault),
            _ => None,
        });
        match faults.next() {
            Some(first) if 1 + faults.count() == notices.len() => {
                Err(InvalidEvent::new(format!("{EXPECTED}; {first}")))
            }
            _ => Ok(Self::Notification(notices)),
        }
    }
}

/// Returns the messages of an event source mapping, or of a pipe, which delivers them as an array.
fn sqs_messages(event: &Value) -> Option<&Vec<Value>> {
    let records = event.as_array().or_else(|| event.get("Records")?.as_array())?;
    let is_message = |record: &Value| record["eventSource"] == "aws:sqs" && record.get("s3").is_none();
    (!records.is_empty() && records.iter().all(is_message)).then_some(records)
}

/// Reads a notification. A pipe with an input transformer delivers an array of them.
fn read_notices(event: &Value) -> Option<Vec<Notice>> {
    let Value::Array(events) = event else {
        return notification::read(event);
    };
    let unreadable = |number| {
        vec![Notice::Malformed(format!(
            "element {number} is not an S3 notification"
        ))]
    };
    let notices = events.iter().enumerate().map(|(at, event)| match event {
        Value::String(text) => notification::read_text(text),
        event => notification::read(event).unwrap_or_else(|| unreadable(at + 1)),
    });
    (!events.is_empty()).then(|| notices.flatten().collect())
}

fn parse_message(message: &Value) -> Result<SqsMessage, InvalidEvent> {
    let Some(id) = message["messageId"].as_str() else {
        return Err(InvalidEvent::new("expected each SQS message to have a messageId"));
    };
    let queue = message["eventSourceARN"].as_str().unwrap_or_default();
    let group = message["attributes"]["MessageGroupId"]
        .as_str()
        .unwrap_or_default();
    let body = message["body"].as_str();
    Ok(SqsMessage {
        id: id.to_owned(),
        group: queue.ends_with(".fifo").then(|| group.to_owned()),
        body: body.unwrap_or_default().to_owned(),
        notices: match body {
            Some(body) => notification::read_text(body),
            None => vec![Notice::Malformed("the SQS message has no body".to_owned())],
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixture(case: &str) -> Value {
        local_stack::event("s3-to-teamcity", case)
    }

    /// Describes each notice in a line.
    fn lines(notices: &[Notice]) -> Vec<String> {
        let lines = notices.iter().map(|notice| match notice {
            Notice::Upload(upload) => format!("{} {upload}", upload.event_name),
            Notice::TestEvent { .. } => "test".to_owned(),
            Notice::Foreign(source) => format!("foreign {source}"),
            Notice::Malformed(fault) => fault.clone(),
        });
        lines.collect()
    }

    #[track_caller]
    fn check(case: &str, expected: &[&str]) {
        let Event::Notification(notices) = Event::parse(&fixture(case)).expect("a good event") else {
            panic!("{case} is not an SQS batch")
        };
        assert_eq!(lines(&notices), expected, "{case}");
    }

    #[track_caller]
    fn check_batch(case: &str, expected: &[&[&str]]) {
        let Event::SqsBatch(messages) = Event::parse(&fixture(case)).expect("a good event") else {
            panic!("{case} is an SQS batch")
        };
        let lines: Vec<_> = messages.iter().map(|message| lines(&message.notices)).collect();
        assert_eq!(lines, expected, "{case}");
    }

    #[test]
    fn parses_events_of_s3() {
        check(
            "direct",
            &["ObjectCreated:Put s3://nightshift-inbox/red flower.jpg"],
        );
        check(
            "two-records",
            &[
                "ObjectCreated:Put s3://nightshift-inbox/in/first.csv",
                "ObjectCreated:CompleteMultipartUpload s3://nightshift-inbox/in/second.csv",
            ],
        );
        check(
            "encoded-korean-key",
            &["ObjectCreated:Put s3://nightshift-inbox/누수 신고/10월+최종 (1).csv"],
        );
        check(
            "removed",
            &["ObjectRemoved:Delete s3://nightshift-inbox/in/old.csv"],
        );
        check(
            "versioned",
            &["ObjectCreated:Copy s3://nightshift-inbox/in/versioned.csv"],
        );
        check("test-event", &["test"]);
    }

    #[test]
    fn parses_events_of_sns() {
        check("sns", &["ObjectCreated:Put s3://nightshift-inbox/in/by sns.csv"]);
    }

    #[test]
    fn parses_events_of_eventbridge() {
        check(
            "eventbridge",
            &["ObjectCreated:Put s3://nightshift-inbox/in/100%+tax.csv"],
        );
    }

    #[test]
    fn parses_events_of_sqs() {
        check_batch(
            "sqs-batch",
            &[
                &["ObjectCreated:Put s3://nightshift-inbox/in/a.csv"],
                &[
                    "ObjectCreated:Put s3://nightshift-inbox/in/b.csv",
                    "ObjectCreated:Post s3://nightshift-inbox/in/c d.csv",
                ],
                &["test"],
            ],
        );
        check_batch(
            "sns-in-sqs",
            &[&["ObjectCreated:Put s3://nightshift-inbox/in/by sns and sqs.csv"]],
        );
    }

    #[test]
    fn a_malformed_message_does_not_hide_the_others() {
        let event = json!({"Records": [
            {"messageId": "1", "eventSource": "aws:sqs", "body": "hello"},
            {"messageId": "2", "eventSource": "aws:sqs", "body": fixture("direct").to_string()},
            {"messageId": "3", "eventSource": "aws:sqs"},
        ]});
        let Event::SqsBatch(messages) = Event::parse(&event).expect("a good event") else {
            panic!("it is an SQS batch")
        };
        let lines: Vec<_> = messages
            .iter()
            .map(|message| lines(&message.notices).remove(0))
            .collect();
        assert_eq!(
            lines,
            [
                "the message is not JSON",
                "ObjectCreated:Put s3://nightshift-inbox/red flower.jpg",
                "the SQS message has no body",
            ]
        );
    }

    #[test]
    fn a_pipe_delivers_an_array() {
        let messages = fixture("sqs-batch")["Records"].clone();
        let Event::SqsBatch(parsed) = Event::parse(&messages).expect("a good event") else {
            panic!("it is an SQS batch")
        };
        assert_eq!(parsed.len(), 3);
        let bodies = json!([
            fixture("direct"),
            fixture("eventbridge"),
            fixture("direct").to_string()
        ]);
        let Event::Notification(notices) = Event::parse(&bodies).expect("a good event") else {
            panic!("it has no message ids")
        };
        assert_eq!(notices.len(), 3);
        assert!(Event::parse(&json!([7])).is_err());
    }

    #[test]
    fn only_messages_of_a_fifo_queue_have_a_group() {
        let group = |arn: &str| {
            let mut event = fixture("sqs-batch");
            event["Records"][0]["eventSourceARN"] = json!(arn);
            event["Records"][0]["attributes"]["MessageGroupId"] = json!("g");
            match Event::parse(&event) {
                Ok(Event::SqsBatch(messages)) => messages[0].group.clone(),
                other => panic!("not an SQS batch: {other:?}"),
            }
        };
        assert_eq!(
            group("arn:aws:sqs:ap-northeast-2:123456789012:uploads.fifo").as_deref(),
            Some("g")
        );
        assert_eq!(group("arn:aws:sqs:ap-northeast-2:123456789012:uploads"), None);
    }

    #[test]
    fn an_event_without_records_has_no_notices() {
        assert_eq!(
            Event::parse(&json!({"Records": []})).expect("a good event"),
            Event::Notification(Vec::new())
        );
    }

    #[test]
    fn rejects_other_events_without_quoting_them() {
        let unknown = [
            json!({}),
            json!([]),
            json!("x"),
            json!(null),
            json!({"source": "aws.codebuild"}),
        ];
        for event in unknown
            .into_iter()
            .chain([json!({"Records": [{"body": "secret"}]})])
        {
            let error = Event::parse(&event).expect_err("a bad event").to_string();
            assert!(error.contains("expected an S3 notification"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
