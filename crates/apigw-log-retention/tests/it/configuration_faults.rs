//! Configuration faults are reported before anything is written.

use serde_json::json;
use stand_ins::control_plane::ControlPlane;

use crate::setup::{Setup, event};

#[tokio::test]
async fn an_invalid_retention_fails_the_init_and_lists_the_valid_ones() {
    let aws = ControlPlane::start().await.unwrap();
    let rules = r#"[{"stage":"prod","days":100}]"#;
    let function = Setup::new(&aws, &[("RETENTION_DAYS", "31"), ("RETENTION_RULES", rules)]).await;
    let (error_type, message) = function.error(&json!({"sweep": true})).await;
    assert_eq!(error_type, "ConfigurationError");
    let values = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653";
    assert!(
        message.contains("RETENTION_DAYS is malformed: 31")
            && message.contains("RETENTION_RULES[0].days: 100"),
        "{message}"
    );
    assert_eq!(message.matches(values).count(), 2, "{message}");
    assert!(aws.state(|state| state.received.is_empty()));
}

#[tokio::test]
async fn a_format_without_the_request_id_fails_the_init() {
    let aws = ControlPlane::start().await.unwrap();
    let function = Setup::new(&aws, &[("ACCESS_LOG_FORMAT", "$context.status")]).await;
    let (error_type, message) = function.error(&json!({"sweep": true})).await;
    assert_eq!(error_type, "ConfigurationError");
    assert!(
        message.contains("$context.requestId or $context.extendedRequestId"),
        "{message}"
    );
}

#[tokio::test]
async fn a_format_too_long_for_http_apis_fails_the_init() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "dev");
    let format = format!("$context.requestId {}", "x".repeat(1500));
    let function = Setup::new(&aws, &[("ACCESS_LOG_FORMAT_HTTP", &format)]).await;
    let (_, message) = function.error(&json!({"sweep": true})).await;
    assert!(
        message.contains("ACCESS_LOG_FORMAT_HTTP is malformed: expected at most 1024 characters"),
        "{message}"
    );
    let function = Setup::new(&aws, &[("ACCESS_LOG_FORMAT", &format)]).await;
    function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "dev"))
        .await;
    assert_eq!(
        aws.stage("a1b2c3d4e5", "dev")["accessLogSettings"]["format"],
        format
    );
}
