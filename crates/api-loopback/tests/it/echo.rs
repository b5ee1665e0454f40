//! The echo of an event, and of the invocation's context.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::setup::{NAME, Setup, body, event};

async fn check_echoed(function: &Setup, event: Value) -> Value {
    let response = function.invoke(&event).await;
    assert_eq!(response["event"], event);
    assert_eq!(response.as_object().unwrap().len(), 2, "{response}");
    response
}

#[tokio::test]
async fn echoes_any_json_of_a_plain_invocation() {
    let function = Setup::new().await;
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
        check_echoed(&function, event).await;
    }
}

#[tokio::test]
async fn echoes_the_context_with_the_names_of_nodejs() {
    let function = Setup::new().await;
    let context = check_echoed(&function, json!({})).await["context"].clone();
    let request = function.emulator.invocations_of(NAME).pop().unwrap();
    assert_eq!(context["functionName"], NAME);
    assert_eq!(context["functionVersion"], "$LATEST");
    assert_eq!(context["memoryLimitInMB"], "128");
    assert_eq!(context["invokedFunctionArn"], function.emulator.arn(NAME));
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
async fn echoes_a_client_context_and_masks_its_secrets() {
    let function = Setup::new().await;
    let client_context =
        r#"{"client": {}, "custom": {"tenant": "7", "authorization": "never-to-be-echoed"}}"#;
    let client_context = client_context.replace(
        r#""client": {}"#,
        r#""client": {"installation_id": "i", "app_title": "t", "app_version_name": "n", "app_version_code": "c", "app_package_name": "p"}"#,
    );
    let response = reqwest::Client::new()
        .post(format!(
            "{}/2015-03-31/functions/{NAME}/invocations",
            function.emulator.endpoint()
        ))
        .header("x-amz-client-context", base64(client_context.as_bytes()))
        .body("{}")
        .send()
        .await
        .unwrap();
    let response: Value = response.json().await.unwrap();
    let custom = &response["context"]["clientContext"]["custom"];
    assert_eq!(
        custom,
        &json!({"tenant": "7", "authorization": "***"}),
        "{response}"
    );
}

/// Encodes Base64; one use does not justify a library.
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
    let function = Setup::new().await;
    for case in [
        "rest-proxy",
        "http-api-v2",
        "function-url",
        "load-balancer",
        "base64-body",
        "options-preflight",
    ] {
        let event = event(case);
        let response = function.invoke(&event).await;
        assert_eq!(response["statusCode"], 200, "{case}");
        assert_eq!(response["isBase64Encoded"], false, "{case}");
        assert_eq!(response["headers"]["Content-Type"], "application/json");
        assert_eq!(response["headers"]["Access-Control-Allow-Origin"], "*");
        assert_eq!(
            response["headers"]["Access-Control-Allow-Headers"],
            "*,Authorization"
        );
        let echo = body(&response);
        assert_eq!(echo["event"], event, "{case}");
        assert_eq!(echo["context"]["functionName"], NAME);
    }
}

#[tokio::test]
async fn echoes_key_order_duplicate_keys_and_digits_as_they_came() {
    let function = Setup::new().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api-loopback/exact-text.json");
    let event = std::fs::read_to_string(path).unwrap();
    let body = function.body_of_text(&event).await;
    assert!(
        body.starts_with(&format!(r#"{{"event":{},"context":"#, event.trim())),
        "{body}"
    );
}

#[tokio::test]
async fn vpc_lattice_gets_status_headers_and_body() {
    let function = Setup::new().await;
    for (case, status) in [("lattice-v1", 503), ("lattice-v2", 418)] {
        let response = function.invoke(&event(case)).await;
        assert_eq!(response["statusCode"], status, "{case}");
        assert_eq!(response["headers"]["Content-Type"], "application/json");
        assert_eq!(response["isBase64Encoded"], false);
        assert_eq!(body(&response)["event"]["method"], event(case)["method"]);
    }
}

#[tokio::test]
async fn an_authorizers_event_is_echoed_plainly_and_allows_nothing() {
    let function = Setup::new().await;
    for case in [
        "authorizer-token",
        "authorizer-request",
        "authorizer-http-api",
        "authorizer-websocket",
    ] {
        let response = function.invoke(&event(case)).await;
        let fields: Vec<&String> = response.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["context", "event"], "{case}");
        assert_eq!(response["event"]["type"], event(case)["type"]);
    }
}

#[tokio::test]
async fn an_edge_event_keeps_everything_but_its_secrets() {
    let function = Setup::new().await;
    let echo = function.invoke(&event("edge-viewer-request")).await;
    let mut expected = event("edge-viewer-request");
    let request = &mut expected["Records"][0]["cf"]["request"];
    request["headers"]["authorization"][0]["value"] = json!("***");
    request["headers"]["cookie"][0]["value"] = json!("***");
    request["querystring"] = json!("sig=***&page=2");
    request["body"]["data"] = json!("cGFzc3dvcmQ9KioqJmE9MQ==");
    assert_eq!(echo["event"], expected);
}

#[tokio::test]
async fn the_check_event_reports_masking_and_limits() {
    let function = Setup::new().await;
    let report = function.invoke(&json!({"check": true})).await;
    assert_eq!(report["ok"], true, "{report}");
    let names = report["checks"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|check| check["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"masking") && names.contains(&"limits"),
        "{report}"
    );
    let through_a_gateway = function.invoke(&json!({"check": true, "headers": {}})).await;
    assert!(through_a_gateway["event"].is_object());
}

/// A load balancer with multi-value headers sends only lists, and drops everything else.
#[tokio::test]
async fn returns_lists_of_headers_to_a_caller_that_sends_lists() {
    let function = Setup::new().await;
    let mut event = event("load-balancer-multi-value");
    let check_headers = |response: &Value| {
        assert_eq!(
            response["multiValueHeaders"]["Content-Type"],
            json!(["application/json"])
        );
        assert_eq!(
            response["multiValueHeaders"]["Cache-Control"],
            json!(["no-store"])
        );
        assert!(response.get("headers").is_none(), "{response}");
    };
    let response = function.invoke(&event).await;
    check_headers(&response);
    assert_eq!(response["statusCode"], 418, "the last of several");
    assert_eq!(body(&response)["event"], event);
    event["multiValueQueryStringParameters"] = json!({"status": ["600"]});
    let rejected = function.invoke(&event).await;
    check_headers(&rejected);
    assert_eq!(rejected["statusCode"], 400);
    event["multiValueQueryStringParameters"] = json!({"status": [], "bytes": "1", "delay_ms": null});
    assert_eq!(function.invoke(&event).await["statusCode"], 200);
}

#[tokio::test]
async fn a_malformed_variable_fails_the_init() {
    let function = Setup::with(|function| function.variable("ECHO_SECRETS", "1")).await;
    let outcome = format!("{:?}", function.outcome(&json!({})).await);
    assert!(
        outcome.contains("ECHO_SECRETS is malformed: expected true or false"),
        "{outcome}"
    );
}

/// Does the same as `make invoke`, with every event of the folder.
#[tokio::test]
async fn cargo_lambda_invokes_it_with_every_event() {
    let function = Setup::new().await;
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
            .arg(function.emulator.port().to_string())
            .arg("--data-file")
            .arg(&path)
            .arg(NAME)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}: {output:?}", path.display());
        events += 1;
    }
    assert!(events > 20, "{events}");
}
