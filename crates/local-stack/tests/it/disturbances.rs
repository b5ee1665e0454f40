//! Disturbances of AWS, on demand.

use local_stack::lambda::{InvocationType, Refusal};
use local_stack::{Decision, LambdaEmulator, Outcome};
use serde_json::{Value, json};

use crate::support::{SOON, emulator, eventually, probe};

async fn post(emulator: &LambdaEmulator, payload: &Value) -> reqwest::Result<u16> {
    let url = format!("{}/2015-03-31/functions/probe/invocations", emulator.endpoint());
    let request = reqwest::Client::new()
        .post(url)
        .header("x-amz-invocation-type", "Event")
        .json(payload);
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test]
async fn an_event_is_delivered_twice_at_the_same_moment_with_the_same_request_id() {
    let emulator = emulator().await;
    emulator.on_invoke(|_| Decision::DeliverTwice);
    assert_eq!(post(&emulator, &json!({"sleep_ms": 500})).await.unwrap(), 202);
    emulator.wait_until_idle(SOON).await.unwrap();
    let [first, second] = emulator.invocations().try_into().unwrap();
    assert_eq!(first.request_id, second.request_id);
    assert_ne!(first.pid, second.pid);
    assert!(first.started < second.ended.unwrap() && second.started < first.ended.unwrap());
}

#[tokio::test]
async fn an_event_is_delivered_as_two_requests() {
    let emulator = emulator().await;
    emulator.on_invoke(|_| Decision::DeliverTwiceAsTwoRequests);
    post(&emulator, &json!({})).await.unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    let [first, second] = emulator.invocations().try_into().unwrap();
    assert_ne!(first.request_id, second.request_id);
}

#[tokio::test]
async fn an_event_is_redelivered_after_its_end() {
    let emulator = emulator().await;
    let id = emulator.invoke_event("probe", &json!({})).unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    emulator.redeliver(&id).unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    assert_eq!(
        emulator
            .invocations()
            .iter()
            .filter(|one| one.request_id == id)
            .count(),
        2
    );
}

#[tokio::test]
async fn an_event_is_accepted_and_lost() {
    let emulator = emulator().await;
    emulator.on_invoke(|_| Decision::Drop);
    assert_eq!(post(&emulator, &json!({})).await.unwrap(), 202);
    emulator.wait_until_idle(SOON).await.unwrap();
    assert!(emulator.invocations().is_empty());
}

#[tokio::test]
async fn calls_are_refused_by_their_payload() {
    let emulator = emulator().await;
    emulator.on_invoke(|call| match call.payload["task"].as_i64() {
        Some(0) => Decision::Refuse(Refusal::Throttled),
        Some(1) => Decision::Refuse(Refusal::ServiceError),
        Some(2) => Decision::Refuse(Refusal::Other(403, "AccessDeniedException".into(), "no".into())),
        _ => Decision::Deliver,
    });
    for (task, status) in [(0, 429), (1, 500), (2, 403), (3, 202)] {
        assert_eq!(post(&emulator, &json!({"task": task})).await.unwrap(), status);
    }
    emulator.wait_until_idle(SOON).await.unwrap();
    assert_eq!(emulator.invocations().len(), 1);
}

#[tokio::test]
async fn the_connection_is_closed_before_or_after_the_call_took_effect() {
    let emulator = emulator().await;
    emulator.on_invoke(|_| Decision::Refuse(Refusal::Closed));
    post(&emulator, &json!({})).await.unwrap_err();
    emulator.wait_until_idle(SOON).await.unwrap();
    assert_eq!(emulator.invocations().len(), 0);

    emulator.on_invoke(|_| Decision::LoseResponse);
    post(&emulator, &json!({})).await.unwrap_err();
    emulator.wait_until_idle(SOON).await.unwrap();
    assert_eq!(emulator.invocations().len(), 1);
}

#[tokio::test]
async fn a_shutdown_ends_running_invocations() {
    let emulator = emulator().await;
    for _ in 0..3 {
        emulator
            .invoke_event("probe", &json!({"sleep_ms": 600_000}))
            .unwrap();
    }
    eventually("three environments", || {
        (emulator.environments_of("probe") == 3).then_some(())
    })
    .await;
    let again = emulator.clone();
    emulator.shutdown().await;
    assert!(again.pids().is_empty());
    assert!(again.invoke("probe", &json!({})).await.is_err());
}

#[tokio::test]
async fn a_held_event_is_delivered_after_its_release() {
    let emulator = emulator().await;
    emulator.on_invoke(|_| Decision::Hold);
    assert_eq!(post(&emulator, &json!({})).await.unwrap(), 202);
    let stuck = emulator
        .wait_until_idle(std::time::Duration::from_millis(100))
        .await;
    assert!(stuck.is_err() && emulator.invocations().is_empty());
    emulator.release();
    emulator.wait_until_idle(SOON).await.unwrap();
    assert_eq!(emulator.invocations().len(), 1);
}

#[tokio::test]
async fn a_decision_may_use_the_emulator() {
    let emulator = emulator().await;
    let itself = emulator.clone();
    emulator.on_invoke(move |call| {
        itself.kill(&call.function);
        Decision::Deliver
    });
    let first = emulator
        .invoke_event("probe", &json!({"sleep_ms": 1_000}))
        .unwrap();
    emulator.wait_until_running("probe", SOON).await.unwrap();
    post(&emulator, &json!({})).await.unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    let attempts = emulator
        .invocations()
        .into_iter()
        .filter(|one| one.request_id == first)
        .count();
    assert_eq!(attempts, 2);
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_busy_environment_is_killed_and_the_event_retried() {
    let emulator = emulator().await;
    let id = emulator
        .invoke_event("probe", &json!({"sleep_ms": 1_000}))
        .unwrap();
    assert_eq!(emulator.wait_until_running("probe", SOON).await.unwrap(), id);
    assert_eq!(emulator.kill(&id), 1);
    emulator.wait_until_idle(SOON).await.unwrap();
    let [first, second] = emulator.invocations().try_into().unwrap();
    assert_eq!(first.outcome, Some(Outcome::Crashed("signal: killed".into())));
    assert_eq!(second.request_id, id);
    assert!(second.outcome.unwrap().is_response());
}

#[tokio::test]
async fn the_caller_is_killed_before_its_call_took_effect() {
    the_caller_is_killed(Decision::KillCallerBefore, 0).await;
}

#[tokio::test]
async fn the_caller_is_killed_after_its_call_took_effect() {
    the_caller_is_killed(Decision::KillCallerAfter, 1).await;
}

async fn the_caller_is_killed(decision: Decision, delivered: usize) {
    let emulator = emulator().await;
    emulator.deploy(probe("other"));
    emulator.on_invoke(move |call| {
        if call.number == 1 {
            decision.clone()
        } else {
            Decision::Deliver
        }
    });
    let outcome = emulator
        .invoke("probe", &json!({"invoke": "other", "with": {}}))
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Crashed("signal: killed".into()));
    emulator.wait_until_idle(SOON).await.unwrap();
    let others = emulator.invocations_of("other");
    assert_eq!(others.len(), delivered);
    assert!(
        others
            .iter()
            .all(|one| one.invocation_type == InvocationType::Event)
    );
}
