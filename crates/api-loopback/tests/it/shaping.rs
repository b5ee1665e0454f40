//! Status, delay and size, as the request asks for them.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::stage::{Stage, body, event, non_proxy_event, proxy_event};

#[tokio::test]
async fn a_proxy_gets_the_status_with_the_echo() {
    let stage = Stage::new().await;
    let answer = stage.answer(&event("status")).await;
    assert_eq!(answer["statusCode"], 503);
    assert_eq!(body(&answer)["event"], event("status"));
    for status in ["204", "304"] {
        let answer = stage.answer(&proxy_event(json!({"status": status}))).await;
        assert_eq!(answer["statusCode"].to_string(), status);
        assert_eq!(answer["body"], "");
    }
    let mut v2 = event("http-api-v2");
    v2["queryStringParameters"] = json!({"status": "429"});
    assert_eq!(stage.answer(&v2).await["statusCode"], 429);
}

#[tokio::test]
async fn everybody_else_gets_the_status_by_an_error() {
    let stage = Stage::new().await;
    let expected = |status| json!({"status": status, "message": "the request asked for this status"});
    let refusal = stage.refusal(&non_proxy_event(json!({"status": "404"}))).await;
    assert_eq!(refusal, expected(404));
    let refusal = stage.refusal(&json!({"body-json": {"status": 418}})).await;
    assert_eq!(refusal, expected(418));
    let answer = stage.answer(&non_proxy_event(json!({"status": "200"}))).await;
    assert_eq!(answer["event"]["params"]["querystring"]["status"], "200");
}

#[tokio::test]
async fn a_gateways_json_body_is_an_echo_and_no_wish() {
    let stage = Stage::new().await;
    let mut event = non_proxy_event(json!({}));
    event["body-json"] = json!({"status": "shipped", "bytes": -1});
    assert_eq!(stage.answer(&event).await["event"], event);
}

#[tokio::test]
async fn an_answer_is_delayed() {
    let stage = Stage::new().await;
    for event in [event("delay"), json!({"body-json": {"delay_ms": 150}})] {
        stage.answer(&json!(null)).await;
        let began = Instant::now();
        stage.answer(&event).await;
        assert!(
            began.elapsed() >= Duration::from_millis(150),
            "{:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn an_answer_is_as_long_as_asked_for() {
    let stage = Stage::new().await;
    let answer = stage.answer(&event("bytes")).await;
    assert_eq!(answer["body"].as_str().unwrap().len(), 100_000);
    assert_eq!(body(&answer)["event"], event("bytes"));
    let answer = stage.answer(&proxy_event(json!({"bytes": "6000000"}))).await;
    assert_eq!(answer["body"].as_str().unwrap().len(), 6_000_000);
    // Remaining time and the like may have another number of digits when it is looked at again, but not here.
    let answer = stage.answer(&json!({"body-json": {"bytes": 4321}})).await;
    assert_eq!(answer.to_string().len(), 4321);
    let answer = stage.answer(&proxy_event(json!({"bytes": "10"}))).await;
    assert!(body(&answer).get("padding").is_none());
}

#[track_caller]
fn check_refused(refusal: &Value, status: u16, words: &str) {
    assert_eq!(refusal["status"], status);
    assert!(refusal["message"].as_str().unwrap().contains(words), "{refusal}");
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_with_the_bounds() {
    let stage = Stage::new().await;
    for (query, words) in [
        (
            json!({"status": "199"}),
            "status: expected a whole number from 200 to 599",
        ),
        (json!({"status": "abc"}), "status: expected a whole number"),
        (
            json!({"delay_ms": "60000"}),
            "what is left of the function's time",
        ),
        (
            json!({"bytes": "7000000"}),
            "bytes: expected a whole number from 0 to 6000000",
        ),
    ] {
        check_refused(&stage.refusal(&non_proxy_event(query.clone())).await, 400, words);
        check_refused(
            &stage.refusal(&json!({"body-json": query.clone()})).await,
            400,
            words,
        );
        let answer = stage.answer(&proxy_event(query)).await;
        assert_eq!(answer["statusCode"], 400);
        assert_eq!(answer["headers"]["Access-Control-Allow-Origin"], "*");
        check_refused(&body(&answer), 400, words);
    }
}

/// A body of quotes is quoted twice in a proxy's answer, and so grows to four times its size.
#[tokio::test]
async fn an_echo_beyond_lambdas_limit_is_refused_in_words() {
    let stage = Stage::new().await;
    let mut event = proxy_event(json!({}));
    event["body"] = json!("\"".repeat(2_000_000));
    let answer = stage.answer(&event).await;
    assert_eq!(answer["statusCode"], 413);
    check_refused(&body(&answer), 413, "expected at most 6291556");
    let plain = json!("x".repeat(6_291_400));
    check_refused(&stage.refusal(&plain).await, 413, "send less");
}
