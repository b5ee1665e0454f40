//! Environments killed in any state, and at their responses.

use local_stack::lambda::Victim;
use local_stack::{Fault, FaultProxy, Match, Outcome};
use serde_json::json;

use crate::support::{SOON, emulator, response};

#[tokio::test]
async fn an_environment_is_killed_at_its_response_and_the_event_is_retried() {
    let emulator = emulator().await;
    emulator.kill_at_responses("probe", [1]);
    emulator.invoke_event("probe", &json!({})).unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    let attempts = emulator.invocations();
    let outcome = |at: usize| attempts[at].outcome.clone().unwrap();
    assert_eq!(outcome(0), Outcome::Crashed("signal: killed".to_owned()));
    assert!(outcome(1).is_response());
    assert_eq!(attempts.len(), 2);
}

#[tokio::test]
async fn an_idle_environment_is_killed_without_a_trace() {
    let emulator = emulator().await;
    assert_eq!(emulator.kill_any("probe", 7), None, "none runs");
    let first = response(&emulator, json!({})).await;
    // The response may arrive before the environment asks for its next event.
    let killed = emulator.kill_any("probe", 7).unwrap();
    assert_ne!(killed, Victim::InInit);
    // An event that meets the death is retried.
    emulator.invoke_event("probe", &json!({})).unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    let last = emulator.invocations().pop().unwrap();
    let second = last.outcome.unwrap().into_response().unwrap();
    assert_ne!(first["pid"], second["pid"]);
}

#[tokio::test]
async fn half_a_response_is_a_broken_body_with_its_whole_length() {
    let emulator = emulator().await;
    let proxy = FaultProxy::start(&emulator.endpoint()).await.unwrap();
    proxy.faults.inject(Match::any(), Fault::HalfResponse, 1);
    let url = format!("{}/2015-03-31/functions/probe/invocations", proxy.endpoint());
    let sent = reqwest::Client::new().post(url).body("{}").send().await.unwrap();
    assert!(sent.content_length().is_some_and(|length| length > 10));
    assert!(sent.text().await.is_err(), "the connection ends before the body");
    assert_eq!(emulator.invocations().len(), 1, "the request had its effect");
}
