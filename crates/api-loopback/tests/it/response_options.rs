//! Status, delay and size of a response, as the request sets them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::setup::{Setup, body, event, non_proxy_event, proxy_event};

#[tokio::test]
async fn a_proxy_integration_gets_the_status_with_the_echo() {
    let function = Setup::new().await;
    let response = function.invoke(&event("status")).await;
    assert_eq!(response["statusCode"], 503);
    assert_eq!(body(&response)["event"], event("status"));
    for status in ["204", "304"] {
        let response = function.invoke(&proxy_event(json!({"status": status}))).await;
        assert_eq!(response["statusCode"].to_string(), status);
        assert_eq!(response["body"], "");
    }
    let mut v2 = event("http-api-v2");
    v2["queryStringParameters"] = json!({"status": "429"});
    assert_eq!(function.invoke(&v2).await["statusCode"], 429);
}

#[tokio::test]
async fn every_other_caller_gets_the_status_as_an_error() {
    let function = Setup::new().await;
    let expected = |status| json!({"status": status, "message": "the request set this status"});
    let rejected = function
        .rejection(&non_proxy_event(json!({"status": "404"})))
        .await;
    assert_eq!(rejected, expected(404));
    let rejected = function.rejection(&json!({"body-json": {"status": 418}})).await;
    assert_eq!(rejected, expected(418));
    let response = function.invoke(&non_proxy_event(json!({"status": "200"}))).await;
    assert_eq!(response["event"]["params"]["querystring"]["status"], "200");
}

#[tokio::test]
async fn a_json_body_behind_a_gateway_has_no_options() {
    let function = Setup::new().await;
    let mut event = non_proxy_event(json!({}));
    event["body-json"] = json!({"status": "shipped", "bytes": -1});
    assert_eq!(function.invoke(&event).await["event"], event);
}

#[tokio::test]
async fn delays_the_response() {
    let function = Setup::new().await;
    for event in [event("delay"), json!({"body-json": {"delay_ms": 150}})] {
        function.invoke(&json!(null)).await;
        let began = Instant::now();
        function.invoke(&event).await;
        assert!(
            began.elapsed() >= Duration::from_millis(150),
            "{:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn fills_the_response_up_to_the_requested_size() {
    let function = Setup::new().await;
    let response = function.invoke(&event("bytes")).await;
    assert_eq!(response["body"].as_str().unwrap().len(), 100_000);
    assert_eq!(body(&response)["event"], event("bytes"));
    let response = function.invoke(&proxy_event(json!({"bytes": "6000000"}))).await;
    assert_eq!(response["body"].as_str().unwrap().len(), 6_000_000);
    // Remaining time and the like may have another number of digits when it is looked at again, but not here.
    let response = function.invoke(&json!({"body-json": {"bytes": 4321}})).await;
    assert_eq!(response.to_string().len(), 4321);
    let response = function.invoke(&proxy_event(json!({"bytes": "10"}))).await;
    assert!(body(&response).get("padding").is_none());
}

#[track_caller]
fn check_rejected(rejected: &Value, status: u16, message: &str) {
    assert_eq!(rejected["status"], status);
    assert!(
        rejected["message"].as_str().unwrap().contains(message),
        "{rejected}"
    );
}

#[tokio::test]
async fn rejects_options_out_of_bounds_and_names_the_bounds() {
    let function = Setup::new().await;
    for (query, message) in [
        (
            json!({"status": "199"}),
            "status: expected a whole number from 200 to 599",
        ),
        (json!({"status": "abc"}), "status: expected a whole number"),
        (json!({"delay_ms": "60000"}), "the rest of the function's time"),
        (
            json!({"bytes": "7000000"}),
            "bytes: expected a whole number from 0 to 6000000, the value of MAX_BYTES",
        ),
    ] {
        check_rejected(
            &function.rejection(&non_proxy_event(query.clone())).await,
            400,
            message,
        );
        check_rejected(
            &function.rejection(&json!({"body-json": query.clone()})).await,
            400,
            message,
        );
        let response = function.invoke(&proxy_event(query)).await;
        assert_eq!(response["statusCode"], 400);
        assert_eq!(response["headers"]["Access-Control-Allow-Origin"], "*");
        check_rejected(&body(&response), 400, message);
    }
}

#[tokio::test]
async fn limits_size_and_delay_to_a_megabyte_and_five_seconds_by_default() {
    let function =
        Setup::with(|function| function.variable("MAX_BYTES", "").variable("MAX_DELAY_MS", "")).await;
    for (query, message) in [
        (
            json!({"bytes": "1000001"}),
            "bytes: expected a whole number from 0 to 1000000",
        ),
        (
            json!({"delay_ms": "5001"}),
            "delay_ms: expected a whole number from 0 to 5000",
        ),
    ] {
        let response = function.invoke(&proxy_event(query)).await;
        check_rejected(&body(&response), 400, message);
    }
    let response = function.invoke(&proxy_event(json!({"bytes": "1000000"}))).await;
    assert_eq!(response["body"].as_str().unwrap().len(), 1_000_000);
}

/// JSON escapes a body of quotes twice in a proxy's response, so it grows to four times its size.
#[tokio::test]
async fn rejects_an_echo_beyond_lambdas_limit() {
    let function = Setup::new().await;
    let mut event = proxy_event(json!({}));
    event["body"] = json!("\"".repeat(2_000_000));
    let response = function.invoke(&event).await;
    assert_eq!(response["statusCode"], 413);
    check_rejected(&body(&response), 413, "expected at most 6291556");
    let plain = json!("x".repeat(6_291_400));
    check_rejected(&function.rejection(&plain).await, 413, "send less");
}
