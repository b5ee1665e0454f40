//! What was begun and could not be ended is no worse than before, and is ended the next time.

use serde_json::json;

use crate::control_plane::{ControlPlane, refusal};
use crate::surroundings::{Deployed, changed, event};

#[tokio::test]
async fn a_refused_update_leaves_groups_with_an_end_and_the_stage_as_it_was() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let before = aws.stage("a1b2c3d4e5", "prod");
    aws.refuse(
        "PATCH /restapis",
        refusal(
            403,
            "AccessDeniedException",
            "not authorized to perform: apigateway:PATCH",
        ),
    );
    let function = Deployed::at(&aws, &[]).await;
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
    assert!(aws.state(|state| state.groups.len() == 2 && state.groups.values().all(Option::is_some)));
    assert_eq!(function.metric("StagesFailed"), [1.0]);
    aws.take_writes();
    let answer = function.answer(&event).await;
    assert_eq!(changed(&answer).len(), 4);
    assert_eq!(aws.take_writes(), ["PATCH /restapis/a1b2c3d4e5/stages/prod"]);
}

#[tokio::test]
async fn a_group_without_an_end_has_no_log_turned_on_and_gets_its_end_from_the_next_sweep() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.refuse(
        "PutRetentionPolicy",
        refusal(400, "AccessDeniedException", "not authorized"),
    );
    let function = Deployed::at(&aws, &[]).await;
    let (_, message) = function
        .error(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert!(message.contains("logs:PutRetentionPolicy"), "{message}");
    assert_eq!(aws.stage("a1b2c3d4e5", "prod").get("accessLogSettings"), None);
    let answer = function.answer(&json!({"sweep": true})).await;
    assert_eq!(changed(&answer).len(), 4);
    assert!(aws.state(|state| state.groups.len() == 2 && state.groups.values().all(Option::is_some)));
}

#[tokio::test]
async fn aws_tries_a_failed_event_again_and_that_ends_it() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.refuse(
        "PATCH /restapis",
        refusal(403, "AccessDeniedException", "not authorized"),
    );
    let function = Deployed::at(&aws, &[]).await;
    let event = event("rest-create-stage", "a1b2c3d4e5", "prod");
    function
        .emulator
        .invoke_event(crate::surroundings::NAME, &event)
        .unwrap();
    function
        .emulator
        .idle(crate::surroundings::PATIENCE)
        .await
        .unwrap();
    assert!(function.emulator.dead_letters().is_empty());
    assert!(aws.stage("a1b2c3d4e5", "prod")["accessLogSettings"].is_object());
}

#[tokio::test]
async fn one_stage_that_fails_keeps_no_other_from_its_logs() {
    let aws = ControlPlane::start().await;
    for stage in ["alpha", "beta", "gamma"] {
        aws.add_stage("REST", "a1b2c3d4e5", stage);
    }
    aws.refuse(
        "PATCH /restapis/a1b2c3d4e5/stages/beta",
        refusal(403, "AccessDeniedException", "not authorized"),
    );
    let function = Deployed::at(&aws, &[]).await;
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
    let answer = function.answer(&json!({"sweep": true})).await;
    assert_eq!(
        answer["counts"],
        json!({"found": 3, "changed": 1, "left": 2, "skipped": 0, "failed": 0})
    );
}

#[tokio::test]
async fn what_was_written_but_reads_as_before_is_an_error() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.state(|state| state.lost_updates = 1);
    let function = Deployed::at(&aws, &[]).await;
    let event = event("rest-create-stage", "a1b2c3d4e5", "prod");
    let (error_type, message) = function.error(&event).await;
    assert_eq!(error_type, "StillDifferent");
    assert!(
        message
            .contains("reads as before: access_log.destination, access_log.format, execution.level, metrics"),
        "{message}"
    );
    assert_eq!(changed(&function.answer(&event).await).len(), 4);
}

#[tokio::test]
async fn an_api_that_cannot_be_read_keeps_no_other_from_its_logs() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1", "prod");
    aws.add_stage("REST", "a2", "prod");
    aws.refuse(
        "GET /restapis/a1/stages",
        refusal(403, "AccessDeniedException", "not authorized"),
    );
    let function = Deployed::at(&aws, &[]).await;
    let (error_type, message) = function.error(&json!({"sweep": true})).await;
    assert_eq!(error_type, "NotInOrder");
    assert!(message.contains("API a1: could not list stages"), "{message}");
    assert!(aws.stage("a2", "prod")["accessLogSettings"].is_object());
}
