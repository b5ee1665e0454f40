//! Disturbances after which a month has the same results as without them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use local_stack::postgres::connect;
use local_stack::{Decision, Fault, FaultProxy, Match, MonthStack, PostgresServer};
use serde_json::{Value, json};

use crate::setup::{
    HeldLock, TIMEOUT, assert_clean, clean_results, deliver_twice, fill, hold_tasks, moto, october,
    on_function_calls, results, rows, small_month, through_a_pool,
};

/// Starts the small month and holds the invocation of its only task.
async fn with_held_task() -> MonthStack {
    let month = small_month().await;
    month.deploy();
    hold_tasks(&month).await;
    month
}

/// Kills `stat-analysis` while it waits for `lock`, and lets Lambda retry. `query` returns `progress` at that
/// moment.
async fn killed_at(lock: &str, query: &str, progress: &[&str]) -> MonthStack {
    let month = with_held_task().await;
    let lock = HeldLock::take(&month, lock).await;
    month.emulator.deliver_all();
    lock.wait_for_waiters(&month, 1).await;
    assert_eq!(rows(&month, query).await, progress);
    assert_eq!(month.emulator.kill("stat-analysis"), 1);
    lock.release().await;
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    month
}

const TASKS: &str = "select task, state, attempt from stat_task";
const BUILDINGS: &str = "select building_id, state, attempts from stat_task_building";

#[tokio::test]
async fn a_task_is_killed_before_its_claim() {
    let month = killed_at("select from stat_run for update", TASKS, &["(1,queued,0)"]).await;
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_task_is_killed_after_its_claim() {
    let lock = "lock table stat_task_building in exclusive mode";
    let month = killed_at(lock, TASKS, &["(1,running,1)"]).await;
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_task_is_killed_while_it_stores_a_building() {
    let lock = "lock table stat_term in share mode";
    // The task stores the first building and analyses the second.
    let progress = [
        "(B1,running,1)",
        "(B2,running,1)",
        "(B3,queued,0)",
        "(B4,queued,0)",
    ];
    let month = killed_at(lock, BUILDINGS, &progress).await;
    assert_clean(&month).await;
    let attempts = rows(
        &month,
        "select building_id, attempts from stat_task_building where attempts > 1",
    )
    .await;
    assert!(!attempts.is_empty(), "the killed attempt is counted");
}

#[tokio::test]
async fn a_task_is_killed_after_the_commit_of_a_building() {
    // Another transaction has inserted the second building's row, for which the task has to wait.
    let lock = "insert into stat_building select run_id, '2026-10', 'B2', 0, 0 from stat_run";
    let progress = [
        "(B1,done,1)",
        "(B2,running,1)",
        "(B3,running,1)",
        "(B4,running,1)",
    ];
    let month = killed_at(lock, BUILDINGS, &progress).await;
    assert_clean(&month).await;
    let first = rows(
        &month,
        "select attempts from stat_task_building where building_id = 'B1'",
    )
    .await;
    assert_eq!(first, ["(1)"], "the committed building is not attempted again");
}

#[tokio::test]
async fn a_task_is_killed_while_it_stores_a_batch() {
    // B3 and B4 are the third batch: the first two have one building each.
    let lock = "insert into stat_building select run_id, '2026-10', 'B4', 0, 0 from stat_run";
    let progress = ["(B1,done,1)", "(B2,done,1)", "(B3,running,1)", "(B4,running,1)"];
    let month = killed_at(lock, BUILDINGS, &progress).await;
    assert_clean(&month).await;
    let repeated = "select building_id from stat_task_building where attempts = 2";
    assert_eq!(
        rows(&month, repeated).await,
        ["(B3)", "(B4)"],
        "a killed process costs a batch"
    );
}

/// Applies `decision` to the first invocation of a report.
fn once_for_the_report(month: &MonthStack, decision: Decision) {
    let is_over = AtomicBool::new(false);
    month.emulator.on_invoke(move |call| {
        if call.payload["task"] == json!(0) && !is_over.swap(true, Ordering::SeqCst) {
            decision.clone()
        } else {
            Decision::Deliver
        }
    });
}

#[tokio::test]
async fn a_task_is_killed_after_its_last_commit_and_before_it_invokes_the_report() {
    let month = small_month().await;
    month.deploy();
    once_for_the_report(&month, Decision::KillCallerBefore);
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
    assert_eq!(
        month.emulator.invocations_of("stat-analysis").len(),
        3,
        "the killed task, its retry, the report"
    );
}

#[tokio::test]
async fn a_task_is_killed_while_it_invokes_the_report() {
    let month = small_month().await;
    month.deploy();
    once_for_the_report(&month, Decision::KillCallerAfter);
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_report_is_killed_while_it_writes_keywords() {
    let month = killed_at(
        "lock table stat_keyword in share mode",
        TASKS,
        &["(0,running,1)", "(1,done,1)"],
    )
    .await;
    assert_clean(&month).await;
}

/// Deploys the small month with a proxy between `stat-analysis` and AWS.
async fn behind_a_proxy() -> (MonthStack, FaultProxy) {
    let month = small_month().await;
    let proxy = FaultProxy::start(moto().await.endpoint()).await.unwrap();
    month.emulator.deploy(month.stat_prep());
    month.emulator.deploy(
        month
            .stat_analysis()
            .variable("AWS_ENDPOINT_URL", proxy.endpoint()),
    );
    (month, proxy)
}

#[tokio::test]
async fn a_report_is_killed_after_it_is_written_and_before_the_mail() {
    let (month, proxy) = behind_a_proxy().await;
    proxy
        .faults
        .inject(Match::containing("Action=Publish"), Fault::Hold, 1);
    month.emulator.invoke("stat-prep", &october()).await.unwrap();
    proxy.faults.wait_until_held(TIMEOUT).await.unwrap();
    assert_eq!(month.emulator.kill("stat-analysis"), 1);
    proxy.faults.wait_until_none_held(TIMEOUT).await.unwrap();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_report_is_killed_while_it_uploads_its_second_object() {
    let (month, proxy) = behind_a_proxy().await;
    proxy.faults.inject(
        Match::path(
            "PUT",
            &format!("/{}/stat/2026-10-01-2026-10-31.html", month.bucket),
        ),
        Fault::Hold,
        1,
    );
    month.emulator.invoke("stat-prep", &october()).await.unwrap();
    proxy.faults.wait_until_held(TIMEOUT).await.unwrap();
    assert_eq!(month.emulator.kill("stat-analysis"), 1);
    proxy.faults.wait_until_none_held(TIMEOUT).await.unwrap();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_report_is_killed_between_the_completion_of_its_two_uploads() {
    let (month, proxy) = behind_a_proxy().await;
    proxy.faults.inject(
        Match::path(
            "POST",
            &format!("/{}/stat/2026-10-01-2026-10-31.html?uploadId=", month.bucket),
        ),
        Fault::Hold,
        1,
    );
    month.emulator.invoke("stat-prep", &october()).await.unwrap();
    proxy.faults.wait_until_held(TIMEOUT).await.unwrap();
    assert_eq!(month.emulator.kill("stat-analysis"), 1);
    proxy.faults.wait_until_none_held(TIMEOUT).await.unwrap();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn the_next_attempt_sends_a_refused_mail() {
    let (month, proxy) = behind_a_proxy().await;
    proxy
        .faults
        .inject(Match::containing("Action=Publish"), Fault::respond(500, ""), 2);
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_mail_with_a_lost_response_is_sent_twice_with_the_same_run_id() {
    let (month, proxy) = behind_a_proxy().await;
    proxy
        .faults
        .inject(Match::containing("Action=Publish"), Fault::LoseResponse, 1);
    month.run(&october()).await.unwrap();
    assert_eq!(&results(&month).await, clean_results().await);
    let mails = month.topic.mails().await.unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].attributes["run_id"], mails[1].attributes["run_id"]);
    assert_eq!(mails[0].text, mails[1].text);
}

#[tokio::test]
async fn the_same_event_arrives_twice_at_the_same_moment() {
    let month = small_month().await;
    month.deploy();
    let event = october();
    let (first, second) = tokio::join!(
        month.emulator.invoke("stat-prep", &event),
        month.emulator.invoke("stat-prep", &event)
    );
    let (first, second) = (
        first.unwrap().into_response().unwrap(),
        second.unwrap().into_response().unwrap(),
    );
    assert_eq!(first["run_id"], second["run_id"]);
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn every_event_is_delivered_twice_at_the_same_moment() {
    let month = small_month().await;
    month.deploy();
    month.emulator.on_invoke(|_| Decision::DeliverTwice);
    deliver_twice(&month, &october()).await;
    assert_clean(&month).await;
}

#[tokio::test]
async fn every_task_is_delivered_twice_as_two_requests() {
    let month = small_month().await;
    month.deploy();
    on_function_calls(&month, Decision::DeliverTwiceAsTwoRequests);
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
    let invocations = month.emulator.invocations_of("stat-analysis");
    assert!(invocations.len() >= 4, "{invocations:#?}");
    let answers = invocations
        .into_iter()
        .map(|invocation| invocation.outcome.unwrap().into_response().unwrap());
    let effective: Vec<Value> = answers.filter(|answer| answer.get("skipped").is_none()).collect();
    assert_eq!(
        effective.len(),
        2,
        "one task and one report take effect: {effective:#?}"
    );
}

/// Starts the small month, whose only task has a claim and waits for its first text.
async fn with_claimed_task() -> (MonthStack, HeldLock, Value) {
    let month = with_held_task().await;
    let lock = HeldLock::take(&month, "lock table message in access exclusive mode").await;
    month.emulator.deliver_all();
    lock.wait_for_waiters(&month, 1).await;
    let run_id: uuid::Uuid = month
        .sql
        .query_one("select run_id from stat_run", &[])
        .await
        .unwrap()
        .get(0);
    (month, lock, json!({"run_id": run_id, "task": 1}))
}

#[tokio::test]
async fn a_second_delivery_is_skipped_while_the_claim_holds() {
    let (month, lock, event) = with_claimed_task().await;
    let second = month.emulator.invoke("stat-analysis", &event).await.unwrap();
    assert_eq!(second.into_response().unwrap(), json!({"skipped": "claimed"}));
    lock.release().await;
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_zombie_writes_nothing_after_another_invocation_has_its_task() {
    let (month, lock, event) = with_claimed_task().await;
    // The claim expires while the task is stuck, and another invocation takes it over.
    month
        .sql
        .batch_execute("update stat_task set claimed_until = now() - interval '1 s'")
        .await
        .unwrap();
    month.emulator.invoke_event("stat-analysis", &event).unwrap();
    lock.wait_for_waiters(&month, 2).await;
    lock.release().await;
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
    let zombie = month.emulator.invocations_of("stat-analysis")[0]
        .outcome
        .clone()
        .unwrap();
    assert_eq!(zombie.into_response().unwrap(), json!({"skipped": "claimed"}));
}

#[tokio::test]
async fn the_database_restarts() {
    clean_results().await;
    let postgres = PostgresServer::start_own().await.unwrap();
    let mut month = MonthStack::new(&postgres, moto().await).await.unwrap();
    let _pooler = through_a_pool(&mut month).await;
    fill(&month).await;
    let patient = |mut function: local_stack::Function| {
        function.retry_delay = Duration::from_secs(3);
        function
    };
    month.emulator.deploy(patient(month.stat_prep()));
    month.emulator.deploy(patient(month.stat_analysis()));
    hold_tasks(&month).await;
    let lock = HeldLock::take(&month, "lock table stat_term in share mode").await;
    month.emulator.deliver_all();
    lock.wait_for_waiters(&month, 1).await;
    postgres.stop().await.unwrap();
    postgres.restart().await.unwrap();
    month.sql = connect(&month.database_url).await.unwrap();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
}
