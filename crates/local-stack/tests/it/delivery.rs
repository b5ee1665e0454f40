//! Delivery of accepted calls.

use std::time::Duration;

use local_stack::{Function, Outcome};
use serde_json::json;

use crate::support::{SOON, emulator, probe, response};

#[tokio::test]
async fn the_caller_receives_the_response() {
    let emulator = emulator().await;
    let response = response(&emulator, json!({})).await;
    assert_eq!(
        response["arn"],
        "arn:aws:lambda:ap-northeast-2:123456789012:function:probe"
    );
    assert_eq!(response["request_id"], emulator.invocations()[0].request_id);
}

#[tokio::test]
async fn the_function_knows_its_deadline() {
    let emulator = emulator().await;
    emulator.deploy(Function {
        timeout: Duration::from_secs(30),
        ..probe("probe")
    });
    let response = response(&emulator, json!({})).await;
    let left = response["deadline_in_ms"].as_u64().unwrap();
    assert!((1..=30_000).contains(&left), "{left} ms");
}

#[tokio::test]
async fn a_function_sees_its_own_variables_and_those_of_lambda_only() {
    let emulator = emulator().await;
    emulator.deploy(
        probe("probe")
            .variable("OWN", "value")
            .variable("AWS_REGION", "us-east-1"),
    );
    let response = response(&emulator, json!({})).await;
    let environment = &response["environment"];
    assert_eq!(environment["OWN"], "value");
    assert_eq!(environment["AWS_REGION"], "ap-northeast-2", "reserved");
    assert_eq!(environment["AWS_ENDPOINT_URL_LAMBDA"], emulator.endpoint());
    assert!(environment.get("CARGO_MANIFEST_DIR").is_none());
    assert_eq!(response["log_group"], "/aws/lambda/probe");
}

#[tokio::test]
async fn a_warm_environment_is_reused() {
    let emulator = emulator().await;
    let first = response(&emulator, json!({})).await;
    let second = response(&emulator, json!({})).await;
    assert_eq!(first["pid"], second["pid"]);
}

#[tokio::test]
async fn a_new_version_runs_in_a_new_environment() {
    let emulator = emulator().await;
    let first = response(&emulator, json!({})).await;
    emulator.deploy(probe("probe"));
    let second = response(&emulator, json!({})).await;
    assert_ne!(first["pid"], second["pid"]);
}

#[tokio::test]
async fn events_run_concurrently_up_to_the_concurrency() {
    let emulator = emulator().await;
    emulator.deploy(Function {
        concurrency: 2,
        ..probe("probe")
    });
    for _ in 0..6 {
        emulator.invoke_event("probe", &json!({"sleep_ms": 200})).unwrap();
    }
    emulator.wait_until_idle(SOON).await.unwrap();
    let invocations = emulator.invocations();
    let at_once = |moment| {
        invocations
            .iter()
            .filter(|one| one.started <= moment && one.ended.unwrap() > moment)
            .count()
    };
    let most = invocations.iter().map(|one| at_once(one.started)).max();
    assert_eq!(most, Some(2));
    assert_eq!(invocations.len(), 6);
}

#[tokio::test]
async fn a_retry_keeps_the_request_id() {
    let emulator = emulator().await;
    let id = emulator.invoke_event("probe", &json!({"do": "fail"})).unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    let invocations = emulator.invocations();
    assert_eq!(
        invocations.iter().map(|one| one.attempt).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(invocations.iter().all(|one| one.request_id == id));
    assert_eq!(emulator.dead_letters(), [id]);
}

#[tokio::test]
async fn a_synchronous_call_is_not_retried() {
    let emulator = emulator().await;
    let outcome = emulator.invoke("probe", &json!({"do": "fail"})).await.unwrap();
    let Outcome::Error(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error["errorMessage"], "requested failure");
    assert_eq!(emulator.invocations().len(), 1);
}

#[tokio::test]
async fn a_function_is_killed_at_its_timeout() {
    let emulator = emulator().await;
    emulator.deploy(Function {
        timeout: Duration::from_millis(500),
        ..probe("probe")
    });
    let outcome = emulator
        .invoke("probe", &json!({"sleep_ms": 600_000}))
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::TimedOut(Duration::from_millis(500)));
    assert!(emulator.pids().is_empty());
}

#[tokio::test]
async fn an_event_that_timed_out_is_retried() {
    let emulator = emulator().await;
    emulator.deploy(Function {
        timeout: Duration::from_millis(300),
        ..probe("probe")
    });
    emulator
        .invoke_event("probe", &json!({"sleep_ms": 600_000}))
        .unwrap();
    emulator.wait_until_idle(SOON).await.unwrap();
    assert_eq!(emulator.invocations().len(), 3);
}

#[tokio::test]
async fn an_exit_ends_the_invocation_and_the_environment() {
    let emulator = emulator().await;
    let outcome = emulator.invoke("probe", &json!({"do": "exit"})).await.unwrap();
    assert_eq!(outcome, Outcome::Crashed("exit status 3".to_owned()));
    response(&emulator, json!({})).await;
}

#[tokio::test]
async fn a_crash_is_reported_with_its_signal() {
    let emulator = emulator().await;
    let outcome = emulator.invoke("probe", &json!({"do": "abort"})).await.unwrap();
    assert_eq!(outcome, Outcome::Crashed("signal: aborted".to_owned()));
}

#[tokio::test]
async fn an_exit_between_two_invocations_fails_neither() {
    let emulator = emulator().await;
    let first = response(&emulator, json!({"do": "exit_after_response"})).await;
    for _ in 0..20 {
        let next = emulator.invoke("probe", &json!({"sleep_ms": 10})).await.unwrap();
        if let Outcome::Response(response) = &next
            && response["pid"] != first["pid"]
        {
            return;
        }
        // An invocation that runs at the exit is lost, as in AWS.
        assert!(
            next.is_response() || matches!(next, Outcome::Crashed(_)),
            "{next:?}"
        );
    }
    panic!("the first environment never ended");
}

#[tokio::test]
async fn a_failed_init_is_reported() {
    let emulator = emulator().await;
    emulator.deploy(probe("probe").variable("FAIL_INIT", "yes"));
    let outcome = emulator.invoke("probe", &json!({})).await.unwrap();
    assert_eq!(outcome, Outcome::Crashed("exit status 1".to_owned()));
}

#[tokio::test]
async fn a_missing_program_is_reported() {
    let emulator = emulator().await;
    emulator.deploy(Function::new("nothing", "/nonexistent/bootstrap"));
    let outcome = emulator.invoke("nothing", &json!({})).await.unwrap();
    let Outcome::InitFailed(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
}

#[tokio::test]
async fn a_response_over_six_megabytes_is_an_error() {
    let emulator = emulator().await;
    let outcome = emulator.invoke("probe", &json!({"do": "large"})).await.unwrap();
    let Outcome::Error(error) = outcome else {
        panic!("an error was expected")
    };
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn the_log_is_complete_when_the_response_arrives() {
    let emulator = emulator().await;
    for number in 1..=200 {
        let line = format!("line {number} of its log");
        emulator.invoke("probe", &json!({"print": line})).await.unwrap();
        assert_eq!(emulator.logs("probe").last(), Some(&line));
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn peak_memory_is_recorded() {
    let emulator = emulator().await;
    emulator.invoke("probe", &json!({})).await.unwrap();
    let before = emulator.peak_memory("probe").unwrap();
    emulator.invoke("probe", &json!({"use_mib": 64})).await.unwrap();
    let after = emulator.peak_memory("probe").unwrap();
    assert!(after >= before + 60 * 1024 * 1024, "{before} → {after}");
}

#[tokio::test]
async fn events_wait_while_the_concurrency_is_zero() {
    let emulator = emulator().await;
    emulator.deploy(Function {
        concurrency: 0,
        ..probe("probe")
    });
    emulator.invoke_event("probe", &json!({})).unwrap();
    let stuck = emulator
        .wait_until_idle(Duration::from_millis(200))
        .await
        .unwrap_err()
        .to_string();
    assert!(stuck.contains("of probe"), "{stuck}");
    emulator.deploy(probe("probe"));
    emulator.wait_until_idle(SOON).await.unwrap();
    assert!(emulator.invocations()[0].outcome.as_ref().unwrap().is_response());
}
