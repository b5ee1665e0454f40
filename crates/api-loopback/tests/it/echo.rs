//! What goes in comes out.

use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

use crate::stage::{NAME, Stage, body, event};

async fn check_echoed(stage: &Stage, event: Value) -> Value {
    let answer = stage.answer(&event).await;
    assert_eq!(answer["event"], event);
    assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
    answer
}

#[tokio::test]
async fn a_plain_invoke_of_any_json_is_echoed() {
    let stage = Stage::new().await;
    for event in [
        event("plain"),
        event("rest-non-proxy"),
        event("korean-and-emoji"),
        Value::Null,
        json!(7),
        json!(-0.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(true),
        json!("text with \u{0}, \u{7f} and \u{2028}"),
        json!([]),
        json!({"": {"": []}}),
        json!({"requestContext": "none", "headers": 3, "params": null}),
    ] {
        check_echoed(&stage, event).await;
    }
}

#[tokio::test]
async fn the_context_is_that_of_nodejs() {
    let stage = Stage::new().await;
    let context = check_echoed(&stage, json!({})).await["context"].clone();
    let request = stage.emulator.invocations_of(NAME).pop().unwrap();
    assert_eq!(context["functionName"], NAME);
    assert_eq!(context["functionVersion"], "$LATEST");
    assert_eq!(context["memoryLimitInMB"], "128");
    assert_eq!(context["invokedFunctionArn"], stage.emulator.arn(NAME));
    assert_eq!(context["awsRequestId"], request.request_id);
    assert_eq!(context["logGroupName"], "/aws/lambda/api-loopback");
    assert!(
        context["logStreamName"].as_str().unwrap().contains("/[$LATEST]"),
        "{context}"
    );
    assert!(
        context["traceId"].as_str().unwrap().starts_with("Root=1-"),
        "{context}"
    );
    let left = context["remainingTimeInMillis"].as_u64().unwrap();
    assert!((1..=30_000).contains(&left), "{left}");
    for absent in ["identity", "clientContext", "tenantId"] {
        assert!(context.get(absent).is_none(), "{context}");
    }
}

#[tokio::test]
async fn a_client_context_is_echoed_and_its_secrets_are_not() {
    let stage = Stage::new().await;
    let client_context =
        r#"{"client": {}, "custom": {"tenant": "7", "authorization": "never-to-be-echoed"}}"#;
    let client_context = client_context.replace(
        r#""client": {}"#,
        r#""client": {"installation_id": "i", "app_title": "t", "app_version_name": "n", "app_version_code": "c", "app_package_name": "p"}"#,
    );
    let answer = reqwest::Client::new()
        .post(format!(
            "{}/2015-03-31/functions/{NAME}/invocations",
            stage.emulator.endpoint()
        ))
        .header("x-amz-client-context", base64(client_context.as_bytes()))
        .body("{}")
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    let custom = &answer["context"]["clientContext"]["custom"];
    assert_eq!(
        custom,
        &json!({"tenant": "7", "authorization": "***"}),
        "{answer}"
    );
}

/// Here alone, and not worth a library.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() {
                DIGITS[index as usize] as char
            } else {
                '='
            });
        }
    }
    text
}

#[tokio::test]
async fn a_proxy_integration_gets_status_headers_and_body() {
    let stage = Stage::new().await;
    for case in [
        "rest-proxy",
        "http-api-v2",
        "function-url",
        "load-balancer",
        "base64-body",
        "options-preflight",
    ] {
        let event = event(case);
        let answer = stage.answer(&event).await;
        assert_eq!(answer["statusCode"], 200, "{case}");
        assert_eq!(answer["isBase64Encoded"], false, "{case}");
        assert_eq!(answer["headers"]["Content-Type"], "application/json");
        assert_eq!(answer["headers"]["Access-Control-Allow-Origin"], "*");
        assert_eq!(
            answer["headers"]["Access-Control-Allow-Headers"],
            "*,Authorization"
        );
        let echo = body(&answer);
        assert_eq!(echo["event"], event, "{case}");
        assert_eq!(echo["context"]["functionName"], NAME);
    }
}

/// A load balancer whose target group has multi-value headers sends lists alone, and drops what is no list.
#[tokio::test]
async fn who_sends_lists_of_headers_gets_lists() {
    let stage = Stage::new().await;
    let mut event = event("load-balancer-multi-value");
    let check_headers = |answer: &Value| {
        assert_eq!(
            answer["multiValueHeaders"]["Content-Type"],
            json!(["application/json"])
        );
        assert_eq!(answer["multiValueHeaders"]["Cache-Control"], json!(["no-store"]));
        assert!(answer.get("headers").is_none(), "{answer}");
    };
    let answer = stage.answer(&event).await;
    check_headers(&answer);
    assert_eq!(answer["statusCode"], 418, "the last of several");
    assert_eq!(body(&answer)["event"], event);
    event["multiValueQueryStringParameters"] = json!({"status": ["600"]});
    let refusal = stage.answer(&event).await;
    check_headers(&refusal);
    assert_eq!(refusal["statusCode"], 400);
    event["multiValueQueryStringParameters"] = json!({"status": [], "bytes": "1", "delay_ms": null});
    assert_eq!(stage.answer(&event).await["statusCode"], 200);
}

#[tokio::test]
async fn a_wrong_configuration_ends_the_init() {
    let stage = Stage::with(|function| function.variable("ECHO_SECRETS", "1")).await;
    let outcome = format!("{:?}", stage.send(&json!({})).await);
    assert!(
        outcome.contains("ECHO_SECRETS is malformed: expected true or false"),
        "{outcome}"
    );
}

/// What `make invoke` does, with every event that there is.
#[tokio::test]
async fn cargo_lambda_invokes_it_with_every_event() {
    let stage = Stage::new().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut events = 0;
    for entry in std::fs::read_dir(root.join("events").join(NAME)).unwrap() {
        let path = entry.unwrap().path();
        let output = Command::new(root.join(".venv/bin/cargo-lambda"))
            .args([
                "lambda",
                "invoke",
                "--invoke-address",
                "127.0.0.1",
                "--invoke-port",
            ])
            .arg(stage.emulator.port().to_string())
            .arg("--data-file")
            .arg(&path)
            .arg(NAME)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}: {output:?}", path.display());
        events += 1;
    }
    assert!(events > 10, "{events}");
}
