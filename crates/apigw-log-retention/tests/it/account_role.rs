//! The account's CloudWatch role.

use serde_json::json;

use crate::control_plane::{ControlPlane, refusal};
use crate::surroundings::{Deployed, changed, event};

const ROLE: &str = "arn:aws:iam::123456789012:role/nightshift-apigateway-logs";

async fn without_role() -> ControlPlane {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.state(|state| state.role = None);
    aws
}

#[tokio::test]
async fn a_missing_role_is_set_once_it_is_given_and_waited_for() {
    let aws = without_role().await;
    // IAM has just made it, and API Gateway does not know it everywhere at once.
    aws.refuse(
        "PATCH /account",
        refusal(
            400,
            "BadRequestException",
            "The role ARN does not have required permissions configured.",
        ),
    );
    aws.refuse(
        "PATCH /account",
        refusal(429, "TooManyRequestsException", "Too Many Requests"),
    );
    aws.state(|state| state.role_travels = 2);
    let function = Deployed::at(&aws, &[("CLOUDWATCH_ROLE_ARN", ROLE)]).await;
    let answer = function
        .answer(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(changed(&answer).len(), 4);
    assert_eq!(aws.state(|state| state.role.clone()).as_deref(), Some(ROLE));
    assert_eq!(
        aws.stage("a1b2c3d4e5", "prod")["methodSettings"]["*/*"]["loggingLevel"],
        "INFO"
    );
}

#[tokio::test]
async fn a_role_that_is_there_is_another_ones_and_stays() {
    let aws = without_role().await;
    aws.state(|state| state.role = Some("arn:aws:iam::123456789012:role/theirs".to_owned()));
    let function = Deployed::at(&aws, &[("CLOUDWATCH_ROLE_ARN", ROLE)]).await;
    function
        .answer(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert!(!aws.take_writes().contains(&"PATCH /account".to_owned()));
}

#[tokio::test]
async fn without_a_role_the_stage_gets_its_access_log_where_possible_and_the_error_says_what_is_missing() {
    let aws = without_role().await;
    aws.state(|state| state.access_logs_need_no_role = true);
    let function = Deployed::at(&aws, &[]).await;
    let event = event("rest-create-stage", "a1b2c3d4e5", "prod");
    let (error_type, message) = function.error(&event).await;
    assert_eq!(error_type, "CloudWatchRoleMissing");
    for word in [
        "CloudWatch log role ARN",
        "ap-northeast-2",
        "CLOUDWATCH_ROLE_ARN",
        "stage a1b2c3d4e5/prod",
    ] {
        assert!(message.contains(word), "{word} is not in: {message}");
    }
    let stage = aws.stage("a1b2c3d4e5", "prod");
    assert!(stage["accessLogSettings"]["format"].is_string(), "{stage}");
    assert_eq!(stage["methodSettings"]["*/*"]["metricsEnabled"], true);
    assert_eq!(stage["methodSettings"]["*/*"].get("loggingLevel"), None);
    // Somebody sets it, and the next sweep finishes the stage.
    aws.state(|state| state.role = Some(ROLE.to_owned()));
    let answer = function.answer(&json!({"sweep": true})).await;
    assert_eq!(changed(&answer), ["execution.level"]);
    assert_eq!(answer["counts"]["changed"], 1);
}

#[tokio::test]
async fn where_access_logs_need_the_role_too_the_error_is_the_same() {
    let aws = without_role().await;
    let function = Deployed::at(&aws, &[]).await;
    let (error_type, _) = function
        .error(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(error_type, "CloudWatchRoleMissing");
    let stage = aws.stage("a1b2c3d4e5", "prod");
    assert_eq!(stage.get("accessLogSettings"), None);
    assert_eq!(stage["methodSettings"]["*/*"]["metricsEnabled"], true);
}

#[tokio::test]
async fn http_apis_need_no_role() {
    let aws = without_role().await;
    aws.add_stage("HTTP", "f6g7h8i9j0", "dev");
    let function = Deployed::at(&aws, &[]).await;
    let answer = function
        .answer(&event("http-create-stage", "f6g7h8i9j0", "dev"))
        .await;
    assert_eq!(changed(&answer).len(), 2);
}

#[tokio::test]
async fn what_needs_no_execution_log_is_complete_without_a_role_where_api_gateway_takes_it() {
    let aws = without_role().await;
    aws.state(|state| state.access_logs_need_no_role = true);
    let function = Deployed::at(&aws, &[("EXECUTION_LOG_LEVEL", "OFF")]).await;
    let answer = function
        .answer(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(
        changed(&answer),
        ["access_log.destination", "access_log.format", "metrics"]
    );
}
