//! What wakes the function.

use lambda_core::invalid_event::InvalidEvent;
use serde_json::Value;

use crate::notification::{self, Notice};

/// An event, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// From S3, SNS or EventBridge: it succeeds or fails as one.
    Notices(Vec<Notice>),
    /// From a queue: each message succeeds or fails by itself.
    Queue(Vec<Message>),
}

/// A queue's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// By which the queue is told that it failed.
    pub id: String,
    /// What it says.
    pub notices: Vec<Notice>,
}

const EXPECTED: &str =
    "expected an S3 notification, directly or in SQS or SNS, or EventBridge's event of source aws.s3";

impl Event {
    /// Understands an event of any channel. The JSON decides what it is: the public structs of these events
    /// refuse some that are real.
    ///
    /// # Errors
    /// [`InvalidEvent`] where nothing in it is understood. A part that is not is a [`Notice::Malformed`].
    pub fn parse(event: &Value) -> Result<Self, InvalidEvent> {
        if let Some(messages) = messages(event) {
            return messages
                .iter()
                .map(parse_message)
                .collect::<Result<_, _>>()
                .map(Self::Queue);
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
            _ => Ok(Self::Notices(notices)),
        }
    }
}

fn messages(event: &Value) -> Option<&Vec<Value>> {
    let records = event.get("Records")?.as_array()?;
    let is_message = |record: &Value| record["eventSource"] == "aws:sqs" && record.get("s3").is_none();
    (!records.is_empty() && records.iter().all(is_message)).then_some(records)
}

fn parse_message(message: &Value) -> Result<Message, InvalidEvent> {
    let Some(id) = message["messageId"].as_str() else {
        return Err(InvalidEvent::new(
            "expected each message of SQS to have a messageId",
        ));
    };
    let notices = match message["body"].as_str() {
        Some(body) => notification::read_text(body),
        None => vec![Notice::Malformed("the message has no body".to_owned())],
    };
    Ok(Message {
        id: id.to_owned(),
        notices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixture(case: &str) -> Value {
        let path = format!(
            "{}/../../events/s3-to-teamcity/{case}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).expect("a fixture is JSON")
    }

    fn told(notices: &[Notice]) -> Vec<String> {
        let told = notices.iter().map(|notice| match notice {
            Notice::Upload(upload) => format!("{} {upload}", upload.event_name),
            Notice::TestEvent { .. } => "test".to_owned(),
            Notice::Malformed(fault) => fault.clone(),
        });
        told.collect()
    }

    #[track_caller]
    fn check(case: &str, expected: &[&str]) {
        let Event::Notices(notices) = Event::parse(&fixture(case)).expect("a good event") else {
            panic!("{case} is from no queue")
        };
        assert_eq!(told(&notices), expected, "{case}");
    }

    #[track_caller]
    fn check_queue(case: &str, expected: &[&[&str]]) {
        let Event::Queue(messages) = Event::parse(&fixture(case)).expect("a good event") else {
            panic!("{case} is from a queue")
        };
        let came: Vec<_> = messages.iter().map(|message| told(&message.notices)).collect();
        assert_eq!(came, expected, "{case}");
    }

    #[test]
    fn understands_s3() {
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
    fn understands_sns() {
        check("sns", &["ObjectCreated:Put s3://nightshift-inbox/in/by sns.csv"]);
    }

    #[test]
    fn understands_eventbridge() {
        check(
            "eventbridge",
            &["ObjectCreated:Put s3://nightshift-inbox/in/100%+tax.csv"],
        );
    }

    #[test]
    fn understands_queues() {
        check_queue(
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
        check_queue(
            "sns-in-sqs",
            &[&["ObjectCreated:Put s3://nightshift-inbox/in/by sns and sqs.csv"]],
        );
    }

    #[test]
    fn a_message_that_is_not_understood_does_not_hide_the_others() {
        let event = json!({"Records": [
            {"messageId": "1", "eventSource": "aws:sqs", "body": "hello"},
            {"messageId": "2", "eventSource": "aws:sqs", "body": fixture("direct").to_string()},
            {"messageId": "3", "eventSource": "aws:sqs"},
        ]});
        let Event::Queue(messages) = Event::parse(&event).expect("a good event") else {
            panic!("it is from a queue")
        };
        let came: Vec<_> = messages
            .iter()
            .map(|message| told(&message.notices).remove(0))
            .collect();
        assert_eq!(
            came,
            [
                "the message is not JSON",
                "ObjectCreated:Put s3://nightshift-inbox/red flower.jpg",
                "the message has no body",
            ]
        );
    }

    #[test]
    fn an_event_without_records_is_nothing_to_do() {
        assert_eq!(
            Event::parse(&json!({"Records": []})).expect("a good event"),
            Event::Notices(Vec::new())
        );
    }

    #[test]
    fn refuses_what_it_does_not_understand_and_says_what_it_expects() {
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
