//! The check event.

use local_stack::Match;
use serde_json::{Value, json};
use stand_ins::control_plane::{ControlPlane, aws_error};

use crate::setup::Setup;

async fn checks(function: &Setup) -> (Value, Vec<(String, Value, String)>) {
    let report = function.invoke(&json!({"check": true})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    let checks = checks.map(|check| (text(&check["name"]), check["ok"].clone(), text(&check["detail"])));
    (report["ok"].clone(), checks.collect())
}

#[track_caller]
fn check(checks: &[(String, Value, String)], name: &str, ok: Value, detail: &str) {
    let found = checks.iter().find(|(found, ..)| found == name).unwrap();
    assert!(found.1 == ok && found.2.contains(detail), "{found:?}");
}

#[tokio::test]
async fn reports_what_works_and_changes_nothing() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1", "prod");
    let function = Setup::new(
        &aws,
        &[("RETENTION_DAYS", "90"), ("EXECUTION_LOG_DELIVERY", "log-group")],
    )
    .await;
    let (ok, checks) = checks(&function).await;
    assert_eq!(ok, true, "{checks:?}");
    check(&checks, "variable RETENTION_DAYS", json!(true), "set");
    check(&checks, "API Gateway: REST APIs", json!(true), "1 found");
    check(&checks, "CloudWatch Logs: log groups", json!(true), "listed");
    check(&checks, "CloudWatch Logs: deliveries", json!(true), "listed");
    check(
        &checks,
        "the account's CloudWatch role",
        json!(true),
        "trusts API Gateway",
    );
    check(&checks, "permission apigateway:PATCH", json!(true), "allowed");
    check(
        &checks,
        "permission logs:PutRetentionPolicy",
        json!(true),
        "allowed",
    );
    check(
        &checks,
        "permission logs:CreateLogGroup",
        json!(null),
        "it would create a log group",
    );
    // The tried permissions are requests about names that nobody has.
    let writes = aws.take_writes();
    assert!(writes.iter().all(|write| write.contains("check")), "{writes:?}");
    assert!(aws.state(|state| state.log_groups.is_empty()));
}

#[tokio::test]
async fn a_failed_check_tells_what_to_do() {
    let aws = ControlPlane::start().await.unwrap();
    aws.state(|state| state.role = Some("arn:aws:iam::123456789012:role/deleted".to_owned()));
    for request in [Match::path("PATCH", "/restapis"), Match::path("GET", "/v2/apis")] {
        aws.faults.inject(
            request,
            aws_error(403, "AccessDeniedException", "not authorized"),
            1,
        );
    }
    let function = Setup::new(&aws, &[]).await;
    let (ok, checks) = checks(&function).await;
    assert_eq!(ok, false);
    check(
        &checks,
        "API Gateway: HTTP and WebSocket APIs",
        json!(false),
        "(apigateway:GET /apis): AccessDeniedException: not authorized: allow the action in parentheses",
    );
    check(
        &checks,
        "permission apigateway:PATCH",
        json!(false),
        "allow the action",
    );
    check(
        &checks,
        "the account's CloudWatch role",
        json!(false),
        "role/deleted does not exist, so API Gateway writes no logs of REST and WebSocket APIs: create it",
    );
}
