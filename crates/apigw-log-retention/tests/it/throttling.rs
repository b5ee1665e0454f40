//! Refusals that pass are waited out.

use crate::control_plane::{ControlPlane, refusal};
use crate::surroundings::{Deployed, changed, event};

#[tokio::test]
async fn is_waited_out_whatever_it_is_called() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    for (request, status, code) in [
        ("GET /restapis/a1b2c3d4e5", 429, "TooManyRequestsException"),
        ("DescribeLogGroups", 400, "ThrottlingException"),
        ("CreateLogGroup", 400, "OperationAbortedException"),
        ("PutRetentionPolicy", 503, "ServiceUnavailableException"),
        ("PATCH /restapis", 409, "ConflictException"),
        ("PATCH /restapis", 429, "TooManyRequestsException"),
    ] {
        aws.refuse(request, refusal(status, code, "in a moment"));
    }
    let function = Deployed::at(&aws, &[]).await;
    let answer = function
        .answer(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(changed(&answer).len(), 4);
    assert!(aws.state(|state| state.refusals.is_empty() && state.groups.values().all(Option::is_some)));
}

#[tokio::test]
async fn ends_with_the_last_refusal_where_time_is_short() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    for _ in 0..20 {
        aws.refuse(
            "PATCH /restapis",
            refusal(409, "ConflictException", "another change is under way"),
        );
    }
    let function = Deployed::with(&aws.endpoint, &[], |function| local_stack::Function {
        timeout: std::time::Duration::from_secs(5),
        ..function
    });
    let (_, message) = function
        .await
        .error(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert!(
        message.contains("ConflictException: another change is under way"),
        "{message}"
    );
}

#[tokio::test]
async fn a_group_that_somebody_else_makes_at_the_same_moment_is_as_good() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let group = "/aws/vendedlogs/apigateway/a1b2c3d4e5/prod";
    aws.state(|state| state.race_for = Some(group.to_owned()));
    let function = Deployed::at(&aws, &[]).await;
    let answer = function
        .answer(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(changed(&answer).len(), 4);
    assert_eq!(aws.group(group), Some(Some(30)));
}
