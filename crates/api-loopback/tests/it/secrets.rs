//! No secret comes back, unless it was asked for.

use serde_json::{Value, json};

use crate::stage::{Stage, body, event};

const CASES: [&str; 4] = [
    "with-secrets",
    "with-secrets-v2",
    "with-secrets-non-proxy",
    "with-secrets-load-balancer",
];

fn echoed(answer: &Value) -> Value {
    match answer["body"].is_string() {
        true => body(answer)["event"].clone(),
        false => answer["event"].clone(),
    }
}

#[tokio::test]
async fn no_secret_of_any_event_comes_back() {
    let stage = Stage::new().await;
    for case in CASES {
        let answer = stage.answer(&event(case)).await;
        let text = answer.to_string();
        for secret in ["never-to-be-echoed", "AKIANEVERTOBEECHOED"] {
            assert!(!text.contains(secret), "{case}: {text}");
        }
        assert!(text.contains("***"), "{case}");
    }
}

#[tokio::test]
async fn what_is_no_secret_stays() {
    let stage = Stage::new().await;
    let echo = echoed(&stage.answer(&event("with-secrets")).await);
    assert_eq!(echo["headers"]["Accept"], "*/*");
    assert_eq!(echo["queryStringParameters"]["page"], "2");
    assert_eq!(echo["requestContext"]["identity"]["sourceIp"], "203.0.113.7");
    assert_eq!(echo["requestContext"]["authorizer"]["claims"]["email"], "***");
    let echo = echoed(&stage.answer(&event("with-secrets-v2")).await);
    assert_eq!(
        echo["rawQueryString"],
        "X-Amz-Signature=***&page=2&%53ignature=***"
    );
    assert_eq!(echo["cookies"], json!(["***"]));
    let echo = echoed(&stage.answer(&event("with-secrets-load-balancer")).await);
    assert_eq!(echo["queryStringParameters"]["word"], "%EC%84%9C%EC%9A%B8");
    assert_eq!(echo["queryStringParameters"]["X%2DAmz%2DSignature"], "***");
    let echo = echoed(&stage.answer(&event("with-secrets-non-proxy")).await);
    assert_eq!(echo["body-json"], json!({"note": "kept"}));
    assert_eq!(echo["context"]["stage"], "dev");
}

#[tokio::test]
async fn echo_secrets_echoes_them() {
    let stage = Stage::with(|function| function.variable("ECHO_SECRETS", "true")).await;
    for case in CASES {
        assert_eq!(echoed(&stage.answer(&event(case)).await), event(case), "{case}");
    }
}

#[tokio::test]
async fn a_plain_invoke_is_masked_in_the_same_way() {
    let stage = Stage::new().await;
    let plain =
        json!({"deep": [{"Headers": {"COOKIE": "never-to-be-echoed"}}], "api_key": "never-to-be-echoed"});
    let answer = stage.answer(&plain).await;
    assert_eq!(
        answer["event"],
        json!({"deep": [{"Headers": {"COOKIE": "***"}}], "api_key": "***"})
    );
}

#[tokio::test]
async fn no_event_is_logged_at_any_level() {
    let stage = Stage::with(|function| function.variable("AWS_LAMBDA_LOG_LEVEL", "TRACE")).await;
    for case in CASES {
        stage.answer(&event(case)).await;
    }
    let logs = stage.emulator.logs("api-loopback").join("\n");
    for secret in ["never-to-be-echoed", "AKIANEVERTOBEECHOED"] {
        assert!(!logs.contains(secret), "{logs}");
    }
}
