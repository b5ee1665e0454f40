//! Transient errors are retried.

use local_stack::Match;
use stand_ins::control_plane::{ControlPlane, aws_error};

use crate::setup::{Setup, changed, event};

#[tokio::test]
async fn retries_every_transient_error() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let update = || Match::path("PATCH", "/restapis");
    for (request, status, code) in [
        (
            Match::path("GET", "/restapis/a1b2c3d4e5"),
            429,
            "TooManyRequestsException",
        ),
        (Match::containing("DescribeLogGroups"), 400, "ThrottlingException"),
        (
            Match::containing("CreateLogGroup"),
            400,
            "OperationAbortedException",
        ),
        (
            Match::containing("PutRetentionPolicy"),
            503,
            "ServiceUnavailableException",
        ),
        (update(), 409, "ConflictException"),
        (update(), 429, "TooManyRequestsException"),
    ] {
        aws.faults
            .inject(request, aws_error(status, code, "in a moment"), 1);
    }
    let function = Setup::new(&aws, &[]).await;
    let response = function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(changed(&response).len(), 3);
    let seen = aws.faults.seen();
    assert_eq!(seen.iter().filter(|request| request.fault.is_some()).count(), 6);
    assert!(aws.state(|state| state.log_groups.values().all(Option::is_some)));
}

#[tokio::test]
async fn returns_the_last_error_if_time_runs_out() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let conflict = aws_error(409, "ConflictException", "another change is under way");
    aws.faults.inject(Match::path("PATCH", "/restapis"), conflict, 20);
    let function = Setup::with(&aws.endpoint(), &[], |function| local_stack::Function {
        timeout: std::time::Duration::from_secs(5),
        ..function
    })
    .await;
    let (_, message) = function
        .error(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert!(
        message.contains("ConflictException: another change is under way"),
        "{message}"
    );
}

#[tokio::test]
async fn accepts_a_log_group_that_another_caller_creates_at_the_same_moment() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let group = "/aws/vendedlogs/apigateway/a1b2c3d4e5/prod";
    aws.state(|state| state.concurrent_log_group = Some(group.to_owned()));
    let function = Setup::new(&aws, &[]).await;
    let response = function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(changed(&response).len(), 3);
    assert_eq!(aws.log_group(group), Some(Some(30)));
}
