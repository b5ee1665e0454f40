//! The event that invokes the function.

use lambda_core::invalid_event::InvalidEvent;
use serde_json::Value;

use crate::notification::{self, Notice};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An event of S3, SNS or EventBridge. It succeeds or fails as a whole.
    Notification(Vec<Notice>),
    /// An event of SQS. Each message succeeds or fails by itself.
    SqsBatch(Vec<SqsMessage>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqsMessage {
    /// The id by which the response names a failed message.
    pub(crate) id: String,
    pub(crate) notices: Vec<Notice>,
}

const EXPECTED: &str =
    "expected an S3 notification (also inside SQS or SNS) or an EventBridge event with the source aws.s3";

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
        let notices = notification::read(event).ok_or_else(|| InvalidEvent::new(EXPECTED))?;
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

fn sqs_messages(event: &Value) -> Option<&Vec<Value>> {
    let records = event.get("Records")?.as_array()?;
    let is_message = |record: &Value| record["eventSource"] == "aws:sqs" && record.get("s3").is_none();
    (!records.is_empty() && records.iter().all(is_message)).then_some(records)
}

fn parse_message(message: &Value) -> Result<SqsMessage, InvalidEvent> {
    let Some(id) = message["messageId"].as_str() else {
        return Err(InvalidEvent::new("expected each SQS message to have a messageId"));
    };
    let notices = match message["body"].as_str() {
        Some(body) => notification::read_text(body),
        None => vec![Notice::Malformed("the SQS message has no body".to_owned())],
    };
    Ok(SqsMessage {
        id: id.to_owned(),
        notices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixture(case: &str) -> Value {
        local_stack::event("s3-to-teamcity", case)
    }

    /// Describes each notice in a line.
    fn lines(notices: &[Notice]) -> Vec<String> {
        let lines = notices.iter().map(|notice| match notice {
            Notice::Upload(upload) => format!("{} {upload}", upload.event_name),
            Notice::TestEvent { .. } => "test".to_owned(),
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
