//! The ways in which an event arrives.

use serde_json::{Value, json};

use crate::setup::{Setup, event, of_build};

fn sqs(id: &str, body: &Value) -> Value {
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    json!({"messageId": id, "eventSource": "aws:sqs", "body": body})
}

fn sns(message: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message.to_string()}}]})
}

#[tokio::test]
async fn an_event_in_any_wrapping_is_posted_once() {
    let setup = Setup::bot().await;
    let failed = |number: u8| of_build(event("failed"), "web", &number.to_string());
    let mut codestar = failed(2);
    codestar["detailType"] = codestar["detail-type"].clone();
    codestar.as_object_mut().unwrap().remove("detail-type");
    let deliveries = [
        sns(&failed(1)),
        sns(&codestar),
        json!([failed(3)]),
        failed(4)["detail"].clone(),
        json!(failed(5).to_string()),
        json!({"detail": failed(6)["detail"]}),
    ];
    for (count, delivery) in (1..).zip(&deliveries) {
        let response = setup.response(delivery).await;
        assert!(response["posted"]["ts"].is_string(), "{response}");
        assert_eq!(setup.response(delivery).await, json!({"skipped": "duplicate"}));
        assert_eq!(setup.slack.messages().len(), count);
        // Region and account of the links come from the ARN if the event itself lacks them.
        let blocks = setup.slack.messages()[count - 1].blocks.to_string();
        assert!(
            blocks.contains("/codesuite/codebuild/123456789012/projects/web/"),
            "{blocks}"
        );
    }
    let both = setup.response(&json!([failed(7), failed(8)])).await;
    assert_eq!(both["several"].as_array().unwrap().len(), 2);
    assert_eq!(setup.slack.messages().len(), 8);
}

#[tokio::test]
async fn a_message_of_sqs_that_cannot_be_read_fails_alone() {
    let setup = Setup::bot().await;
    let failed = |number: u8| of_build(event("failed"), "web", &number.to_string());
    let in_sns = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:builds",
        "Message": failed(2).to_string()});
    let records = [
        sqs("good", &failed(1)),
        sqs("text", &json!("hunter2 is no event")),
        sqs("in-sns", &in_sns),
        sqs(
            "foreign",
            &json!({"source": "aws.s3", "detail": {"object": "hunter2"}}),
        ),
    ];
    let response = setup.response(&json!({"Records": records})).await;
    let expected = json!({"batchItemFailures": [{"itemIdentifier": "text"}, {"itemIdentifier": "foreign"}]});
    assert_eq!(response, expected);
    assert_eq!(setup.slack.messages().len(), 2);
    assert!(
        setup.logs().contains("the SQS message text failed"),
        "{}",
        setup.logs()
    );
}

#[tokio::test]
async fn the_error_for_anything_else_names_the_accepted_ways() {
    let setup = Setup::bot().await;
    for other in [
        json!("Build 'x' for build project 'web' has reached the build status of 'FAILED'."),
        json!({"source": "aws.codepipeline", "detail-type": "CodePipeline Pipeline Execution State Change",
            "detail": {"pipeline": "web"}}),
        json!({"Records": []}),
    ] {
        let (kind, message) = setup.error(&other).await;
        assert_eq!(kind, "InvalidEvent");
        for way in [
            "EventBridge",
            "CodeStar Notifications",
            "SNS",
            "SQS",
            "pipe",
            "must keep detail",
        ] {
            assert!(message.contains(way), "{way} is not in {message}");
        }
    }
}
