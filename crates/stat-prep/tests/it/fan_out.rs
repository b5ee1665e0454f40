//! Every task is handed out, or the event fails and says which was not.

use local_stack::lambda::Refusal;
use local_stack::{Decision, Fault, FaultProxy, Match, Outcome};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::surroundings::{PATIENCE, answer, deploy_without_work, error_of, month, october};

#[tokio::test]
async fn every_task_is_handed_out_once() {
    let month = month().await;
    deploy_without_work(&month);
    let handed_out = Arc::new(Mutex::new(Vec::new()));
    let seen = handed_out.clone();
    month.emulator.on_invoke(move |call| {
        if call.caller.is_none() {
            return Decision::Deliver;
        }
        seen.lock()
            .unwrap()
            .push((call.function.clone(), call.payload.clone()));
        Decision::Drop
    });
    let run = answer(&month, &october()).await;
    assert_eq!((&run["tasks"], &run["invoked"]), (&json!(3), &json!(3)));
    let mut handed_out = handed_out.lock().unwrap().clone();
    handed_out.sort_by_key(|(_, payload)| payload["task"].as_i64());
    let expected = |task| {
        (
            "stat-analysis".to_owned(),
            json!({"run_id": run["run_id"], "task": task}),
        )
    };
    assert_eq!(handed_out, [expected(1), expected(2), expected(3)]);
}

#[tokio::test]
async fn tasks_are_dealt_in_turn_over_several_functions() {
    let month = month().await;
    deploy_without_work(&month);
    let prep = month.stat_prep().variable("STAT_TEXTS_PER_TASK", "2");
    month
        .emulator
        .deploy(prep.variable("STAT_ANALYSIS_FUNCTIONS", "stat-analysis, big-analysis"));
    let mut big = month.stat_analysis();
    big.name = "big-analysis".to_owned();
    month.emulator.deploy(big);
    let dealt = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = dealt.clone();
    month.emulator.on_invoke(move |call| {
        if call.caller.is_none() {
            return Decision::Deliver;
        }
        seen.lock()
            .unwrap()
            .insert((call.payload["task"].as_i64().unwrap(), call.function.clone()));
        Decision::Drop
    });
    answer(&month, &october()).await;
    let expected = [(1, "stat-analysis"), (2, "big-analysis"), (3, "stat-analysis")];
    assert_eq!(
        *dealt.lock().unwrap(),
        expected
            .map(|(task, function)| (task, function.to_owned()))
            .into()
    );
}

/// Each task's invocation goes wrong twice, then it is accepted.
async fn check_tried_again(refusal: Refusal) {
    let month = month().await;
    deploy_without_work(&month);
    let calls = AtomicU32::new(0);
    month.emulator.on_invoke(move |call| match call.caller {
        None => Decision::Deliver,
        Some(_) if calls.fetch_add(1, Ordering::SeqCst) < 6 => Decision::Refuse(refusal.clone()),
        Some(_) => Decision::Drop,
    });
    assert_eq!(answer(&month, &october()).await["invoked"], json!(3));
}

#[tokio::test]
async fn a_throttled_invocation_is_tried_again() {
    check_tried_again(Refusal::Throttled).await;
}

#[tokio::test]
async fn an_invocation_that_lambda_fails_is_tried_again() {
    check_tried_again(Refusal::ServiceError).await;
}

#[tokio::test]
async fn an_invocation_whose_connection_is_gone_is_tried_again() {
    check_tried_again(Refusal::Closed).await;
}

#[tokio::test]
async fn a_task_that_cannot_be_handed_out_fails_the_event_and_stays_to_be_resumed() {
    let month = month().await;
    deploy_without_work(&month);
    month
        .emulator
        .on_invoke(|call| match (&call.caller, call.payload["task"].as_i64()) {
            (Some(_), Some(2)) => Decision::Refuse(Refusal::Throttled),
            (Some(_), _) => Decision::Drop,
            _ => Decision::Deliver,
        });
    let (error_type, message) = error_of(month.emulator.invoke("stat-prep", &october()).await.unwrap());
    assert_eq!(error_type, "TasksNotHandedOut");
    assert!(
        message.starts_with("1 of 3 tasks could not be handed out: task 2: tried 6 times"),
        "{message}"
    );
    assert!(message.contains("TooManyRequestsException"), "{message}");
    month.log("stat-prep", "\"TasksNotHandedOut\":1").await.unwrap();
    month.emulator.calm();
    answer(&month, &json!({"resume": true})).await;
    month.emulator.idle(PATIENCE).await.unwrap();
    assert_eq!(month.topic.mails().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hanging_lambda_fails_the_event_within_the_time_left() {
    let month = month().await;
    deploy_without_work(&month);
    let proxy = FaultProxy::start(&month.emulator.endpoint()).await.unwrap();
    let mut prep = month
        .stat_prep()
        .variable("STAT_TEXTS_PER_TASK", "2")
        .variable("AWS_ENDPOINT_URL_LAMBDA", proxy.endpoint());
    prep.timeout = Duration::from_secs(6);
    month.emulator.deploy(prep);
    proxy.inject(Match::containing("\"task\":2"), Fault::Hold, 100);
    let (error_type, message) = error_of(month.emulator.invoke("stat-prep", &october()).await.unwrap());
    assert_eq!(error_type, "TasksNotHandedOut", "{message}");
    assert!(
        message.contains("1 of 3 tasks could not be handed out: task 2"),
        "{message}"
    );
    assert!(message.contains("no answer within the time left"), "{message}");
}

#[tokio::test]
async fn two_open_runs_both_name_what_was_refused() {
    let month = month().await;
    deploy_without_work(&month);
    answer(&month, &json!({"period": "2026-09"})).await;
    answer(&month, &october()).await;
    month.emulator.on_invoke(|call| match call.caller {
        Some(_) => Decision::Refuse(Refusal::Throttled),
        None => Decision::Deliver,
    });
    let (_, message) = error_of(
        month
            .emulator
            .invoke("stat-prep", &json!({"resume": true}))
            .await
            .unwrap(),
    );
    assert!(
        message.contains("of 2026-09: 1 of 1 tasks") && message.contains("of 2026-10: 3 of 3 tasks"),
        "{message}"
    );
}

#[tokio::test]
async fn an_unknown_function_is_named() {
    let month = month().await;
    let prep = month.stat_prep().variable("STAT_TEXTS_PER_TASK", "2");
    month
        .emulator
        .deploy(prep.variable("STAT_ANALYSIS_FUNCTIONS", "stat-analysys"));
    let (error_type, message) = error_of(month.emulator.invoke("stat-prep", &october()).await.unwrap());
    assert_eq!(error_type, "TasksNotHandedOut");
    assert!(
        message.contains("3 of 3 tasks") && message.contains("invoke stat-analysys"),
        "{message}"
    );
    assert!(message.contains("ResourceNotFoundException"), "{message}");
}

#[tokio::test]
async fn aws_tries_the_event_again_and_the_second_attempt_goes_on() {
    let month = month().await;
    deploy_without_work(&month);
    let calls = AtomicU32::new(0);
    // All six tries of the first attempt's three tasks are refused.
    month.emulator.on_invoke(move |call| match call.caller {
        None => Decision::Deliver,
        Some(_) if calls.fetch_add(1, Ordering::SeqCst) < 18 => Decision::Refuse(Refusal::Throttled),
        Some(_) => Decision::Deliver,
    });
    month.emulator.invoke_event("stat-prep", &october()).unwrap();
    month.emulator.idle(PATIENCE).await.unwrap();
    let attempts = month.emulator.invocations_of("stat-prep");
    assert!(
        matches!(attempts[0].outcome, Some(Outcome::Error(_))) && attempts.len() == 2,
        "{attempts:#?}"
    );
    assert_eq!(month.topic.mails().await.unwrap().len(), 1);
    assert!(month.emulator.dead_letters().is_empty());
}
