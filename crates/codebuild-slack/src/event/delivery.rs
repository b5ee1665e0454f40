//! The ways in which CodeBuild's events arrive: by EventBridge, CodeStar Notifications, SNS, SQS or a pipe, also inside
//! each other, and with an input transformer that keeps `detail`.

use serde_json::{Value, json};

/// Maximum number of wrappings, such as EventBridge's event in SNS in SQS.
const DEPTH: usize = 6;

/// The content of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delivery {
    /// Events that succeed or fail together.
    Events(Vec<Value>),
    /// Messages of SQS, each of which succeeds or fails by itself.
    SqsBatch(Vec<SqsMessage>),
}

/// A message of SQS.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SqsMessage {
    /// The id by which the response names a failed message.
    pub(crate) id: String,
    pub(crate) events: Vec<Value>,
}

impl Delivery {
    /// Unwraps what invoked the function. A part that is no event stays as it is, and the parser of events rejects it.
    pub(crate) fn of(event: &Value) -> Self {
        match sqs_messages(event) {
            Some(messages) => Self::SqsBatch(messages),
            None => Self::Events(events(event, DEPTH)),
        }
    }
}

/// Returns the messages of an event source mapping, or of a pipe, which delivers them as an array.
fn sqs_messages(event: &Value) -> Option<Vec<SqsMessage>> {
    let records = event.as_array().or_else(|| event["Records"].as_array())?;
    let message = |record: &Value| {
        let is_message = record["eventSource"] == "aws:sqs";
        is_message.then_some(SqsMessage {
            id: record["messageId"].as_str()?.to_owned(),
            events: events(&record["body"], DEPTH),
        })
    };
    let messages: Option<Vec<_>> = records.iter().map(message).collect();
    messages.filter(|messages| !messages.is_empty())
}

fn events(value: &Value, depth: usize) -> Vec<Value> {
    let Some(depth) = depth.checked_sub(1) else {
        return vec![value.clone()];
    };
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inner) => events(&inner, depth),
            Err(_) => vec![value.clone()],
        },
        Value::Array(list) if !list.is_empty() => {
            list.iter().flat_map(|value| events(value, depth)).collect()
        }
        Value::Object(_) => match inner(value) {
            Some(inner) => events(inner, depth),
            None => vec![completed(value)],
        },
        _ => vec![value.clone()],
    }
}

/// Returns the content of a wrapping.
fn inner(value: &Value) -> Option<&Value> {
    let is_notification = value["Type"] == "Notification" && value["TopicArn"].is_string();
    let is_record = value["eventSource"] == "aws:sqs";
    [
        value.get("Records").filter(|records| records.is_array()),
        value["Sns"].get("Message"),
        value.get("Message").filter(|_| is_notification),
        value.get("body").filter(|_| is_record),
    ]
    .into_iter()
    .flatten()
    .next()
}

/// Completes an event to the form of EventBridge: CodeStar Notifications write `detailType`, and an input transformer
/// may have kept only `detail`.
fn completed(value: &Value) -> Value {
    let is_detail = |value: &Value| value["build-id"].is_string() && value["project-name"].is_string();
    let mut event = match is_detail(value) {
        true => json!({"detail": value}),
        false => value.clone(),
    };
    if let Some(kind) = event
        .get("detailType")
        .filter(|_| event.get("detail-type").is_none())
    {
        event["detail-type"] = kind.clone();
    }
    if is_detail(&event["detail"]) {
        let kind = match event["detail"]["completed-phase"].is_string() {
            true => "CodeBuild Build Phase Change",
            false => "CodeBuild Build State Change",
        };
        for (name, value) in [("source", "aws.codebuild"), ("detail-type", kind)] {
            if event.get(name).is_none() {
                event[name] = json!(value);
            }
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Value {
        local_stack::event("codebuild-slack", "failed")
    }

    fn sns(message: &Value) -> Value {
        json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:builds", "Message": message.to_string()})
    }

    fn sqs(body: &str) -> Value {
        json!({"messageId": "m1", "eventSource": "aws:sqs", "body": body})
    }

    #[track_caller]
    fn check(event: &Value, expected: &[Value]) {
        assert_eq!(
            Delivery::of(event),
            Delivery::Events(expected.to_vec()),
            "{event}"
        );
    }

    #[test]
    fn unwraps_sns_pipes_and_their_nestings() {
        let failed = failed();
        check(&failed, std::slice::from_ref(&failed));
        let record = json!({"EventSource": "aws:sns", "Sns": {"Message": failed.to_string()}});
        check(&json!({"Records": [record]}), std::slice::from_ref(&failed));
        check(&json!([failed, failed]), &[failed.clone(), failed.clone()]);
        check(&json!([failed.to_string()]), std::slice::from_ref(&failed));
        check(&json!(failed.to_string()), std::slice::from_ref(&failed));
    }

    #[test]
    fn every_message_of_sqs_is_unwrapped_by_itself() {
        let failed = failed();
        let expected = Delivery::SqsBatch(vec![SqsMessage {
            id: "m1".to_owned(),
            events: vec![failed.clone()],
        }]);
        for body in [failed.to_string(), sns(&failed).to_string()] {
            assert_eq!(Delivery::of(&json!({"Records": [sqs(&body)]})), expected);
            assert_eq!(Delivery::of(&json!([sqs(&body)])), expected, "a pipe");
        }
    }

    #[test]
    fn completes_notifications_of_codestar_and_transformed_events() {
        let failed = failed();
        let mut codestar = failed.clone();
        codestar["detailType"] = codestar["detail-type"].take();
        codestar.as_object_mut().expect("an object").remove("detail-type");
        let mut expected = codestar.clone();
        expected["detail-type"] = failed["detail-type"].clone();
        check(&codestar, &[expected]);

        let detail = &failed["detail"];
        let expected =
            json!({"source": "aws.codebuild", "detail-type": failed["detail-type"], "detail": detail});
        check(detail, std::slice::from_ref(&expected));
        check(&json!({"detail": detail}), &[expected]);
        let phase = local_stack::event("codebuild-slack", "phase-change");
        let Delivery::Events(events) = Delivery::of(&phase["detail"]) else {
            panic!("no batch")
        };
        assert_eq!(events[0]["detail-type"], "CodeBuild Build Phase Change");
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        for other in [
            json!(null),
            json!("Build 'x' has failed."),
            json!([]),
            json!({"Records": []}),
            json!({"source": "aws.s3", "detail": {}}),
        ] {
            let Delivery::Events(events) = Delivery::of(&other) else {
                panic!("{other} is no batch")
            };
            assert!(
                events.iter().all(|event| crate::event::parse(event).is_err()),
                "{other}"
            );
        }
        let deep = (0..20).fold(failed(), |event, _| json!([event]));
        let Delivery::Events(events) = Delivery::of(&deep) else {
            panic!("no batch")
        };
        assert!(crate::event::parse(&events[0]).is_err());
    }
}
