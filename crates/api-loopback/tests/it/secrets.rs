//! Secrets are masked, unless the configuration says otherwise.

use serde_json::{Value, json};

use crate::setup::{Setup, body, event};

const CASES: [&str; 13] = [
    "with-secrets",
    "with-secrets-v2",
    "with-secrets-non-proxy",
    "with-secrets-load-balancer",
    "authorizer-http-api",
    "authorizer-request",
    "authorizer-token",
    "authorizer-websocket",
    "edge-viewer-request",
    "lattice-v1",
    "lattice-v2",
    "load-balancer-oidc",
    "oauth-callback",
];

fn echoed(response: &Value) -> Value {
    match response["body"].is_string() {
        true => body(response)["event"].clone(),
        false => response["event"].clone(),
    }
}

#[tokio::test]
async fn masks_the_secrets_of_every_event() {
    let function = Setup::new().await;
    for case in CASES {
        let response = function.invoke(&event(case)).await;
        let text = response.to_string();
        for secret in [
            "never-to-be-echoed",
            "AKIANEVERTOBEECHOED",
            "bmV2ZXItdG8tYmUtZWNob2Vk",
        ] {
            assert!(!text.contains(secret), "{case}: {text}");
        }
        assert!(text.contains("***"), "{case}");
    }
}

#[tokio::test]
async fn keeps_everything_else() {
    let function = Setup::new().await;
    let echo = echoed(&function.invoke(&event("with-secrets")).await);
    assert_eq!(echo["headers"]["Accept"], "*/*");
    assert_eq!(echo["queryStringParameters"]["page"], "2");
    assert_eq!(echo["requestContext"]["identity"]["sourceIp"], "203.0.113.7");
    assert_eq!(echo["requestContext"]["authorizer"]["claims"]["email"], "***");
    let echo = echoed(&function.invoke(&event("with-secrets-v2")).await);
    assert_eq!(
        echo["rawQueryString"],
        "X-Amz-Signature=***&page=2&%53ignature=***"
    );
    assert_eq!(echo["cookies"], json!(["***"]));
    let echo = echoed(&function.invoke(&event("with-secrets-load-balancer")).await);
    assert_eq!(echo["queryStringParameters"]["word"], "%EC%84%9C%EC%9A%B8");
    assert_eq!(echo["queryStringParameters"]["X%2DAmz%2DSignature"], "***");
    let echo = echoed(&function.invoke(&event("with-secrets-non-proxy")).await);
    assert_eq!(echo["body-json"], json!({"note": "kept"}));
    assert_eq!(echo["context"]["stage"], "dev");
}

#[tokio::test]
async fn echo_secrets_disables_masking() {
    let function = Setup::with(|function| function.variable("ECHO_SECRETS", "true")).await;
    for case in CASES {
        assert_eq!(
            echoed(&function.invoke(&event(case)).await),
            event(case),
            "{case}"
        );
    }
}

#[tokio::test]
async fn masks_a_plain_invocation_in_the_same_way() {
    let function = Setup::new().await;
    let plain =
        json!({"deep": [{"Headers": {"COOKIE": "never-to-be-echoed"}}], "api_key": "never-to-be-echoed"});
    let response = function.invoke(&plain).await;
    assert_eq!(
        response["event"],
        json!({"deep": [{"Headers": {"COOKIE": "***"}}], "api_key": "***"})
    );
}

#[tokio::test]
async fn logs_no_event_at_any_level() {
    let function = Setup::with(|function| function.variable("AWS_LAMBDA_LOG_LEVEL", "TRACE")).await;
    for case in CASES {
        function.invoke(&event(case)).await;
    }
    let logs = function.emulator.logs("api-loopback").join("\n");
    for secret in ["never-to-be-echoed", "AKIANEVERTOBEECHOED"] {
        assert!(!logs.contains(secret), "{logs}");
    }
}
