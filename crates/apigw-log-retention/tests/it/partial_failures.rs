//! Work that fails halfway leaves no log worse than before, and the next invocation completes it.

use local_stack::Match;
use serde_json::json;
use stand_ins::control_plane::{ControlPlane, aws_error};

use crate::setup::{Setup, changed, event};

#[tokio::test]
async fn a_rejected_update_leaves_log_groups_with_a_retention_and_the_stage_unchanged() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let before = aws.stage("a1b2c3d4e5", "prod");
    aws.faults.inject(
        Match::path("PATCH", "/restapis"),
        aws_error(
            403,
            "AccessDeniedException",
            "not authorized to perform: apigateway:PATCH",
        ),
        1,
    );
    let function = Setup::new(&aws, &[]).await;
    let event = event("rest-create-stage", "a1b2c3d4e5", "prod");
    let (error_type, message) = function.error(&event).await;
    assert_eq!(error_type, "AwsRefusal");
    assert!(
        message.contains("PATCH /restapis/a1b2c3d4e5/stages/prod"),
        "{message}"
    );
    assert!(
        message.contains("AccessDeniedException: not authorized"),
        "{message}"
    );
    assert_eq!(aws.stage("a1b2c3d4e5", "prod"), before);
    assert!(aws.state(|state| state.log_groups.len() == 2 && state.log_groups.values().all(Option::is_some)));
    assert_eq!(function.metric("StagesFailed"), [1.0]);
    aws.take_writes();
    let response = function.invoke(&event).await;
    assert_eq!(changed(&response).len(), 3);
    assert_eq!(aws.take_writes(), ["PATCH /restapis/a1b2c3d4e5/stages/prod"]);
}

#[tokio::test]
async fn logging_stays_off_without_a_retention_until_the_next_sweep_sets_it() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.faults.inject(
        Match::containing("PutRetentionPolicy"),
        aws_error(400, "AccessDeniedException", "not authorized"),
        1,
    );
    let function = Setup::fast(&aws, &[]).await;
    let (_, message) = function
        .error(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert!(message.contains("logs:PutRetentionPolicy"), "{message}");
    assert_eq!(aws.stage("a1b2c3d4e5", "prod").get("accessLogSettings"), None);
    let response = function.invoke(&json!({"sweep": true})).await;
    assert_eq!(changed(&response).len(), 3);
    assert!(aws.state(|state| state.log_groups.len() == 2 && state.log_groups.values().all(Option::is_some)));
}

#[tokio::test]
async fn a_retry_by_lambda_completes_a_failed_event() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.faults.inject(
        Match::path("PATCH", "/restapis"),
        aws_error(403, "AccessDeniedException", "not authorized"),
        1,
    );
    let function = Setup::new(&aws, &[]).await;
    let event = event("rest-create-stage", "a1b2c3d4e5", "prod");
    function
        .emulator
        .invoke_event(crate::setup::NAME, &event)
        .unwrap();
    function
        .emulator
        .wait_until_idle(crate::setup::PATIENCE)
        .await
        .unwrap();
    assert!(function.emulator.dead_letters().is_empty());
    assert!(aws.stage("a1b2c3d4e5", "prod")["accessLogSettings"].is_object());
}

#[tokio::test]
async fn a_failed_stage_stops_no_other_stage() {
    let aws = ControlPlane::start().await.unwrap();
    for stage in ["alpha", "beta", "gamma"] {
        aws.add_stage("REST", "a1b2c3d4e5", stage);
    }
    aws.faults.inject(
        Match::path("PATCH", "/restapis/a1b2c3d4e5/stages/beta"),
        aws_error(403, "AccessDeniedException", "not authorized"),
        1,
    );
    let function = Setup::fast(&aws, &[]).await;
    let (error_type, message) = function.error(&json!({"sweep": true})).await;
    assert_eq!(error_type, "NotInOrder");
    assert!(
        message.starts_with("1 of ") && message.contains("stage a1b2c3d4e5/beta"),
        "{message}"
    );
    assert_eq!(
        (function.metric("StagesFound"), function.metric("StagesFailed")),
        (vec![3.0], vec![1.0])
    );
    assert!(aws.stage("a1b2c3d4e5", "gamma")["accessLogSettings"].is_object());
    let response = function.invoke(&json!({"sweep": true})).await;
    assert_eq!(
        response["counts"],
        json!({"found": 3, "changed": 1, "left": 2, "skipped": 0, "failed": 0})
    );
}

#[tokio::test]
async fn an_update_that_has_no_effect_is_an_error() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.state(|state| state.ineffective_updates = 1);
    let function = Setup::new(&aws, &[]).await;
    let event = event("rest-create-stage", "a1b2c3d4e5", "prod");
    let (error_type, message) = function.error(&event).await;
    assert_eq!(error_type, "StillDifferent");
    assert!(
        message.contains("the old ones: access_log.destination, access_log.format, execution.level"),
        "{message}"
    );
    assert_eq!(changed(&function.invoke(&event).await).len(), 3);
}

#[tokio::test]
async fn an_api_that_cannot_be_read_stops_no_other_api() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1", "prod");
    aws.add_stage("REST", "a2", "prod");
    aws.faults.inject(
        Match::path("GET", "/restapis/a1/stages"),
        aws_error(403, "AccessDeniedException", "not authorized"),
        1,
    );
    let function = Setup::fast(&aws, &[]).await;
    let (error_type, message) = function.error(&json!({"sweep": true})).await;
    assert_eq!(error_type, "NotInOrder");
    assert!(message.contains("API a1: could not list stages"), "{message}");
    assert!(aws.stage("a2", "prod")["accessLogSettings"].is_object());
}
