//! The check event.

use std::time::Duration;

use local_stack::{Function, Match};
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

/// The check of the account's role, which no API Gateway may use, with this API and these variables.
async fn unusable_role(api: Option<&'static str>, variables: &[(&str, &str)]) -> (Value, String) {
    let aws = ControlPlane::start().await.unwrap();
    aws.state(|state| state.role = None);
    if let Some(api_type) = api {
        aws.add_stage(api_type, "a1", "prod");
    }
    let function = Setup::new(&aws, variables).await;
    let (_, checks) = checks(&function).await;
    let (_, ok, detail) = checks
        .into_iter()
        .find(|(name, ..)| name == "the account's CloudWatch role")
        .unwrap();
    (ok, detail)
}

#[tokio::test]
async fn a_missing_role_fails_only_if_an_api_needs_it_and_no_event_sets_it() {
    for api in ["REST", "WEBSOCKET"] {
        let (ok, detail) = unusable_role(Some(api), &[]).await;
        assert!(ok == false && detail.contains("set one"), "{api}: {detail}");
    }
    for api in [None, Some("HTTP")] {
        let (ok, detail) = unusable_role(api, &[]).await;
        assert!(
            ok.is_null() && detail.contains("no REST or WebSocket API needs it yet"),
            "{api:?}: {detail}"
        );
    }
    let role = [("CLOUDWATCH_ROLE_ARN", "arn:aws:iam::123456789012:role/logs")];
    let (ok, detail) = unusable_role(Some("REST"), &role).await;
    assert!(
        ok.is_null() && detail.contains("the next sweep sets CLOUDWATCH_ROLE_ARN"),
        "{detail}"
    );
}

#[tokio::test]
async fn an_aws_that_throttles_is_no_fault_of_the_deployment() {
    let aws = ControlPlane::start().await.unwrap();
    aws.faults.inject(
        Match::path("GET", "/v2/apis"),
        aws_error(429, "TooManyRequestsException", "slow down"),
        100,
    );
    let function = Setup::with(&aws.endpoint(), &[], |function| Function {
        timeout: Duration::from_secs(5),
        ..function
    })
    .await;
    let (_, checks) = checks(&function).await;
    check(
        &checks,
        "API Gateway: HTTP and WebSocket APIs reachable",
        json!(false),
        "TooManyRequestsException: slow down: send the event again",
    );
    let failed = checks.iter().filter(|(_, ok, _)| ok == &json!(false));
    assert!(
        failed.into_iter().all(|(name, ..)| name.ends_with(" reachable")),
        "{checks:?}"
    );
}
