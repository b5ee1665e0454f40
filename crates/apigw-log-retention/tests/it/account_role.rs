//! The account's CloudWatch role.

use local_stack::Match;
use serde_json::json;
use stand_ins::control_plane::{ControlPlane, aws_error};

use crate::setup::{Setup, changed, event};

const ROLE: &str = "arn:aws:iam::123456789012:role/nightshift-apigateway-logs";

async fn without_role() -> ControlPlane {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.state(|state| state.role = None);
    aws
}

#[tokio::test]
async fn sets_a_missing_role_and_waits_until_api_gateway_knows_it() {
    let aws = without_role().await;
    // A new role: IAM and API Gateway need a moment until they know it everywhere.
    let request = Match::path("PATCH", "/account");
    let message = "The role ARN does not have required permissions configured.";
    for error in [
        aws_error(400, "BadRequestException", message),
        aws_error(429, "TooManyRequestsException", "Too Many Requests"),
    ] {
        aws.faults.inject(request.clone(), error, 1);
    }
    aws.state(|state| state.updates_before_role = 2);
    let function = Setup::new(&aws, &[("CLOUDWATCH_ROLE_ARN", ROLE)]).await;
    let response = function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(changed(&response).len(), 3);
    assert_eq!(aws.state(|state| state.role.clone()).as_deref(), Some(ROLE));
    assert_eq!(
        aws.stage("a1b2c3d4e5", "prod")["methodSettings"]["*/*"]["loggingLevel"],
        "INFO"
    );
}

#[tokio::test]
async fn keeps_a_role_that_the_account_has() {
    let aws = without_role().await;
    aws.state(|state| state.role = Some("arn:aws:iam::123456789012:role/theirs".to_owned()));
    let function = Setup::new(&aws, &[("CLOUDWATCH_ROLE_ARN", ROLE)]).await;
    function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert!(!aws.take_writes().contains(&"PATCH /account".to_owned()));
}

#[tokio::test]
async fn sets_up_the_access_log_without_a_role_and_reports_the_missing_role() {
    let aws = without_role().await;
    aws.state(|state| state.access_logs_need_no_role = true);
    let function = Setup::fast(&aws, &[("DETAILED_METRICS", "true")]).await;
    let event = event("rest-create-stage", "a1b2c3d4e5", "prod");
    let (error_type, message) = function.error(&event).await;
    assert_eq!(error_type, "CloudWatchRoleMissing");
    for part in [
        "CloudWatch log role ARN",
        "ap-northeast-2",
        "CLOUDWATCH_ROLE_ARN",
        "stage a1b2c3d4e5/prod",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let stage = aws.stage("a1b2c3d4e5", "prod");
    assert!(stage["accessLogSettings"]["format"].is_string(), "{stage}");
    assert_eq!(stage["methodSettings"]["*/*"]["metricsEnabled"], true);
    assert_eq!(stage["methodSettings"]["*/*"].get("loggingLevel"), None);
    // The operator sets the role, and the next sweep completes the stage.
    aws.state(|state| state.role = Some(ROLE.to_owned()));
    let response = function.invoke(&json!({"sweep": true})).await;
    assert_eq!(changed(&response), ["execution.level"]);
    assert_eq!(response["counts"]["changed"], 1);
}

#[tokio::test]
async fn reports_the_missing_role_if_access_logs_need_it_too() {
    let aws = without_role().await;
    let function = Setup::new(&aws, &[("DETAILED_METRICS", "true")]).await;
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
    let function = Setup::new(&aws, &[]).await;
    let response = function
        .invoke(&event("http-create-stage", "f6g7h8i9j0", "dev"))
        .await;
    assert_eq!(changed(&response).len(), 2);
}

#[tokio::test]
async fn succeeds_without_a_role_if_execution_logs_are_off() {
    let aws = without_role().await;
    aws.state(|state| state.access_logs_need_no_role = true);
    let function = Setup::new(&aws, &[("EXECUTION_LOG_LEVEL", "OFF")]).await;
    let response = function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(
        changed(&response),
        ["access_log.destination", "access_log.format"]
    );
}

const DANGLING: &str = "arn:aws:iam::123456789012:role/deleted-long-ago";

async fn with_role(arn: &str) -> ControlPlane {
    let aws = without_role().await;
    aws.state(|state| {
        state.role = Some(arn.to_owned());
        state
            .roles
            .insert("for-lambda".to_owned(), "lambda.amazonaws.com");
    });
    aws
}

#[tokio::test]
async fn reports_a_deleted_role_in_result_log_and_metric() {
    let aws = with_role(DANGLING).await;
    let function = Setup::fast(&aws, &[]).await;
    let response = function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(
        response["account_role"],
        json!({"arn": DANGLING, "exists": false, "assumable": false})
    );
    assert_eq!(function.metric("AccountRoleUnusable"), [1.0]);
    let log = function.log();
    assert!(log.contains("role/deleted-long-ago does not exist"), "{log}");
    // The nightly sweep reports it too, although no stage needs a change.
    let swept = function.invoke(&json!({"sweep": true})).await;
    assert_eq!(
        (&swept["counts"]["left"], &swept["account_role"]["exists"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(function.metric("AccountRoleUnusable"), [1.0, 1.0]);
}

#[tokio::test]
async fn replaces_a_deleted_role_and_one_that_api_gateway_may_not_assume() {
    for unusable in [DANGLING, "arn:aws:iam::123456789012:role/for-lambda"] {
        let aws = with_role(unusable).await;
        let function = Setup::fast(&aws, &[("CLOUDWATCH_ROLE_ARN", ROLE)]).await;
        let response = function.invoke(&json!({"sweep": true})).await;
        assert_eq!(
            response["account_role"],
            json!({"arn": ROLE, "exists": true, "assumable": true})
        );
        assert_eq!(aws.state(|state| state.role.clone()).as_deref(), Some(ROLE));
        let log = function.log();
        assert!(
            log.contains(&format!("CloudWatch role from {unusable} to {ROLE}")),
            "{log}"
        );
        assert_eq!(function.metric("AccountRoleUnusable"), [0.0]);
    }
}

#[tokio::test]
async fn a_dry_run_leaves_a_deleted_role() {
    let aws = with_role(DANGLING).await;
    let function = Setup::fast(&aws, &[("CLOUDWATCH_ROLE_ARN", ROLE), ("DRY_RUN", "true")]).await;
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(aws.take_writes(), [""; 0]);
    let log = function.log();
    assert!(
        log.contains("would change the account's CloudWatch role"),
        "{log}"
    );
}
