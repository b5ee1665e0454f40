//! Every task is invoked, or the event fails and names the tasks that were not.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_stack::lambda::Refusal;
use local_stack::{Decision, Fault, FaultProxy, Match, Outcome};
use serde_json::json;

use crate::setup::{PATIENCE, deploy_and_drop_tasks, error_of, invoke, october, three_buildings};

#[tokio::test]
async fn every_task_is_invoked_once() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let invoked = Arc::new(Mutex::new(Vec::new()));
    let seen = invoked.clone();
    stack.emulator.on_invoke(move |call| {
        if call.caller.is_none() {
            return Decision::Deliver;
        }
        seen.lock()
            .unwrap()
            .push((call.function.clone(), call.payload.clone()));
        Decision::Drop
    });
    let run = invoke(&stack, &october()).await;
    assert_eq!((&run["tasks"], &run["invoked"]), (&json!(3), &json!(3)));
    let mut invoked = invoked.lock().unwrap().clone();
    invoked.sort_by_key(|(_, payload)| payload["task"].as_i64());
    let expected = |task| {
        (
            "stat-analysis".to_owned(),
            json!({"run_id": run["run_id"], "task": task}),
        )
    };
    assert_eq!(invoked, [expected(1), expected(2), expected(3)]);
}

#[tokio::test]
async fn tasks_are_assigned_to_several_functions_round_robin() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let prep = stack.stat_prep().variable("STAT_TEXTS_PER_TASK", "2");
    stack
        .emulator
        .deploy(prep.variable("STAT_ANALYSIS_FUNCTIONS", "stat-analysis, big-analysis"));
    let mut big = stack.stat_analysis();
    big.name = "big-analysis".to_owned();
    stack.emulator.deploy(big);
    let assigned = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = assigned.clone();
    stack.emulator.on_invoke(move |call| {
        if call.caller.is_none() {
            return Decision::Deliver;
        }
        seen.lock()
            .unwrap()
            .insert((call.payload["task"].as_i64().unwrap(), call.function.clone()));
        Decision::Drop
    });
    invoke(&stack, &october()).await;
    let expected = [(1, "stat-analysis"), (2, "big-analysis"), (3, "stat-analysis")];
    assert_eq!(
        *assigned.lock().unwrap(),
        expected
            .map(|(task, function)| (task, function.to_owned()))
            .into()
    );
}

/// Each task's invocation fails twice, then it is accepted.
async fn check_retry(refusal: Refusal) {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let calls = AtomicU32::new(0);
    stack.emulator.on_invoke(move |call| match call.caller {
        None => Decision::Deliver,
        Some(_) if calls.fetch_add(1, Ordering::SeqCst) < 6 => Decision::Refuse(refusal.clone()),
        Some(_) => Decision::Drop,
    });
    assert_eq!(invoke(&stack, &october()).await["invoked"], json!(3));
}

#[tokio::test]
async fn a_throttled_invocation_is_retried() {
    check_retry(Refusal::Throttled).await;
}

#[tokio::test]
async fn an_invocation_with_a_service_error_is_retried() {
    check_retry(Refusal::ServiceError).await;
}

#[tokio::test]
async fn an_invocation_with_a_lost_connection_is_retried() {
    check_retry(Refusal::Closed).await;
}

#[tokio::test]
async fn a_task_that_cannot_be_invoked_fails_the_event_and_stays_queued() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    stack
        .emulator
        .on_invoke(|call| match (&call.caller, call.payload["task"].as_i64()) {
            (Some(_), Some(2)) => Decision::Refuse(Refusal::Throttled),
            (Some(_), _) => Decision::Drop,
            _ => Decision::Deliver,
        });
    let (error_type, message) = error_of(stack.emulator.invoke("stat-prep", &october()).await.unwrap());
    assert_eq!(error_type, "TasksNotHandedOut");
    assert!(
        message.starts_with(
            "could not invoke 1 of 3 tasks: task 2: could not invoke stat-analysis in 6 attempts"
        ),
        "{message}"
    );
    assert!(message.contains("TooManyRequestsException"), "{message}");
    stack.log("stat-prep", "\"TasksNotHandedOut\":1").await.unwrap();
    stack.emulator.deliver_all();
    invoke(&stack, &json!({"resume": true})).await;
    stack.emulator.wait_until_idle(PATIENCE).await.unwrap();
    assert_eq!(stack.topic.mails().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hanging_lambda_fails_the_event_within_the_time_left() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let proxy = FaultProxy::start(&stack.emulator.endpoint()).await.unwrap();
    let mut prep = stack
        .stat_prep()
        .variable("STAT_TEXTS_PER_TASK", "2")
        .variable("AWS_ENDPOINT_URL_LAMBDA", proxy.endpoint());
    prep.timeout = Duration::from_secs(6);
    stack.emulator.deploy(prep);
    proxy
        .faults
        .inject(Match::containing("\"task\":2"), Fault::Hold, 100);
    let (error_type, message) = error_of(stack.emulator.invoke("stat-prep", &october()).await.unwrap());
    assert_eq!(error_type, "TasksNotHandedOut", "{message}");
    assert!(
        message.contains("could not invoke 1 of 3 tasks: task 2"),
        "{message}"
    );
    assert!(
        message.contains("no response within the remaining time"),
        "{message}"
    );
}

#[tokio::test]
async fn the_error_of_a_resume_names_the_failed_tasks_of_every_run() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    invoke(&stack, &json!({"period": "2026-09"})).await;
    invoke(&stack, &october()).await;
    stack.emulator.on_invoke(|call| match call.caller {
        Some(_) => Decision::Refuse(Refusal::Throttled),
        None => Decision::Deliver,
    });
    let (_, message) = error_of(
        stack
            .emulator
            .invoke("stat-prep", &json!({"resume": true}))
            .await
            .unwrap(),
    );
    assert!(
        message.contains("of 2026-09: could not invoke 1 of 1 tasks")
            && message.contains("of 2026-10: could not invoke 3 of 3 tasks"),
        "{message}"
    );
}

#[tokio::test]
async fn the_error_names_an_unknown_function() {
    let stack = three_buildings().await;
    let prep = stack.stat_prep().variable("STAT_TEXTS_PER_TASK", "2");
    stack
        .emulator
        .deploy(prep.variable("STAT_ANALYSIS_FUNCTIONS", "stat-analysys"));
    let (error_type, message) = error_of(stack.emulator.invoke("stat-prep", &october()).await.unwrap());
    assert_eq!(error_type, "TasksNotHandedOut");
    assert!(
        message.contains("3 of 3 tasks") && message.contains("invoke stat-analysys"),
        "{message}"
    );
    assert!(message.contains("ResourceNotFoundException"), "{message}");
}

#[tokio::test]
async fn aws_retries_the_event_and_the_second_attempt_continues() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let calls = AtomicU32::new(0);
    // All six attempts at each of the three tasks are refused in the first invocation.
    stack.emulator.on_invoke(move |call| match call.caller {
        None => Decision::Deliver,
        Some(_) if calls.fetch_add(1, Ordering::SeqCst) < 18 => Decision::Refuse(Refusal::Throttled),
        Some(_) => Decision::Deliver,
    });
    stack.emulator.invoke_event("stat-prep", &october()).unwrap();
    stack.emulator.wait_until_idle(PATIENCE).await.unwrap();
    let attempts = stack.emulator.invocations_of("stat-prep");
    assert!(
        matches!(attempts[0].outcome, Some(Outcome::Error(_))) && attempts.len() == 2,
        "{attempts:#?}"
    );
    assert_eq!(stack.topic.mails().await.unwrap().len(), 1);
    assert!(stack.emulator.dead_letters().is_empty());
}
