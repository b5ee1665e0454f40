//! Whatever happens on the way, the month ends as if nothing had happened.

use local_stack::month::connect;
use local_stack::{Decision, Fault, FaultProxy, Match, Month, PostgresServer};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::surroundings::{
    Obstacle, PATIENCE, assert_clean, clean, deliver_twice, fill, left, moto, october, plan, rows,
    small_month,
};

/// Starts the small month, whose only task waits to be delivered.
async fn planned() -> Month {
    let month = small_month().await;
    month.deploy();
    plan(&month).await;
    month
}

/// Kills `stat-analysis` while it waits for `lock`, and lets AWS try again. The rows of `query` say where in
/// its work that was.
async fn killed_at(lock: &str, query: &str, where_it_was: &[&str]) -> Month {
    let month = planned().await;
    let obstacle = Obstacle::put(&month, lock).await;
    month.emulator.calm();
    obstacle.stands_in_the_way_of(&month, 1).await;
    assert_eq!(rows(&month, query).await, where_it_was);
    assert_eq!(month.emulator.kill("stat-analysis"), 1);
    obstacle.remove().await;
    month.emulator.idle(PATIENCE).await.unwrap();
    month
}

const TASKS: &str = "select task, state, attempt from stat_task";
const BUILDINGS: &str = "select building_id, state, attempts from stat_task_building";

#[tokio::test]
async fn a_task_killed_before_its_claim() {
    let month = killed_at("select from stat_run for update", TASKS, &["(1,queued,0)"]).await;
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_task_killed_after_its_claim() {
    let lock = "lock table stat_task_building in exclusive mode";
    let month = killed_at(lock, TASKS, &["(1,running,1)"]).await;
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_task_killed_inside_a_building() {
    let lock = "lock table stat_term in share mode";
    // The first is being stored, and the second analysed beside it.
    let was = [
        "(B1,running,1)",
        "(B2,running,1)",
        "(B3,queued,0)",
        "(B4,queued,0)",
    ];
    let month = killed_at(lock, BUILDINGS, &was).await;
    assert_clean(&month).await;
    let attempts = rows(
        &month,
        "select building_id, attempts from stat_task_building where attempts > 1",
    )
    .await;
    assert!(
        !attempts.is_empty(),
        "the attempt in which it was killed is counted"
    );
}

#[tokio::test]
async fn a_task_killed_after_a_buildings_commit() {
    // The second building's row is already being inserted by somebody else, so its commit has to wait.
    let lock = "insert into stat_building select run_id, '2026-10', 'B2', 0, 0 from stat_run";
    let was = ["(B1,done,1)", "(B2,running,1)", "(B3,running,1)", "(B4,queued,0)"];
    let month = killed_at(lock, BUILDINGS, &was).await;
    assert_clean(&month).await;
    let first = rows(
        &month,
        "select attempts from stat_task_building where building_id = 'B1'",
    )
    .await;
    assert_eq!(first, ["(1)"], "what was committed is not done again");
}

#[tokio::test]
async fn a_task_killed_after_the_last_commit_and_before_the_report_is_handed_out() {
    let month = small_month().await;
    month.deploy();
    let killed = AtomicBool::new(false);
    month.emulator.on_invoke(move |call| {
        if call.payload["task"] == json!(0) && !killed.swap(true, Ordering::SeqCst) {
            Decision::KillCallerBefore
        } else {
            Decision::Deliver
        }
    });
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
    assert_eq!(
        month.emulator.invocations_of("stat-analysis").len(),
        3,
        "killed, tried again, report"
    );
}

#[tokio::test]
async fn a_task_killed_while_it_hands_the_report_out() {
    let month = small_month().await;
    month.deploy();
    let killed = AtomicBool::new(false);
    month.emulator.on_invoke(move |call| {
        if call.payload["task"] == json!(0) && !killed.swap(true, Ordering::SeqCst) {
            Decision::KillCallerAfter
        } else {
            Decision::Deliver
        }
    });
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_report_killed_inside_its_keywords() {
    let month = killed_at(
        "lock table stat_keyword in share mode",
        TASKS,
        &["(0,running,1)", "(1,done,1)"],
    )
    .await;
    assert_clean(&month).await;
}

/// The month on an AWS whose requests pass a proxy.
async fn through_a_proxy() -> (Month, FaultProxy) {
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
async fn a_report_killed_after_it_is_written_and_before_the_mail() {
    let (month, proxy) = through_a_proxy().await;
    proxy.inject(Match::containing("Action=Publish"), Fault::Hold, 1);
    month.emulator.invoke("stat-prep", &october()).await.unwrap();
    proxy.held(PATIENCE).await.unwrap();
    assert_eq!(month.emulator.kill("stat-analysis"), 1);
    proxy.none_held(PATIENCE).await.unwrap();
    month.emulator.idle(PATIENCE).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_report_killed_between_its_two_objects() {
    let (month, proxy) = through_a_proxy().await;
    proxy.inject(
        Match::path(
            "PUT",
            &format!("/{}/stat/2026-10-01-2026-10-31.html", month.bucket),
        ),
        Fault::Hold,
        1,
    );
    month.emulator.invoke("stat-prep", &october()).await.unwrap();
    proxy.held(PATIENCE).await.unwrap();
    assert_eq!(month.emulator.kill("stat-analysis"), 1);
    proxy.none_held(PATIENCE).await.unwrap();
    month.emulator.idle(PATIENCE).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_refused_mail_is_sent_by_the_next_attempt() {
    let (month, proxy) = through_a_proxy().await;
    proxy.inject(
        Match::containing("Action=Publish"),
        Fault::Status(500, String::new()),
        2,
    );
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_sent_once_more_and_can_be_told() {
    let (month, proxy) = through_a_proxy().await;
    proxy.inject(Match::containing("Action=Publish"), Fault::LoseAnswer, 1);
    month.run(&october()).await.unwrap();
    assert_eq!(&left(&month).await, clean().await);
    let mails = month.topic.mails().await.unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].attributes["run_id"], mails[1].attributes["run_id"]);
    assert_eq!(mails[0].text, mails[1].text);
}

#[tokio::test]
async fn the_same_event_twice_at_the_same_moment() {
    let month = small_month().await;
    month.deploy();
    let event = october();
    let (first, second) = tokio::join!(
        month.emulator.invoke("stat-prep", &event),
        month.emulator.invoke("stat-prep", &event)
    );
    let (first, second) = (
        first.unwrap().answer().unwrap(),
        second.unwrap().answer().unwrap(),
    );
    assert_eq!(first["run_id"], second["run_id"]);
    month.emulator.idle(PATIENCE).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn every_event_delivered_twice_at_the_same_moment() {
    let month = small_month().await;
    month.deploy();
    month.emulator.on_invoke(|_| Decision::DeliverTwice);
    deliver_twice(&month, &october()).await;
    assert_clean(&month).await;
}

#[tokio::test]
async fn every_task_delivered_twice_as_two_requests() {
    let month = small_month().await;
    month.deploy();
    month.emulator.on_invoke(|call| match call.caller {
        Some(_) => Decision::DeliverTwiceAsTwoRequests,
        None => Decision::Deliver,
    });
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
    let invocations = month.emulator.invocations_of("stat-analysis");
    assert!(invocations.len() >= 4, "{invocations:#?}");
    let answers = invocations
        .into_iter()
        .map(|invocation| invocation.outcome.unwrap().answer().unwrap());
    let effective: Vec<Value> = answers.filter(|answer| answer.get("skipped").is_none()).collect();
    assert_eq!(
        effective.len(),
        2,
        "one task and one report take effect: {effective:#?}"
    );
}

/// The small month, whose only task is claimed and waits for the first text.
async fn reading() -> (Month, Obstacle, Value) {
    let month = planned().await;
    let obstacle = Obstacle::put(&month, "lock table message in access exclusive mode").await;
    month.emulator.calm();
    obstacle.stands_in_the_way_of(&month, 1).await;
    let run_id: uuid::Uuid = month
        .sql
        .query_one("select run_id from stat_run", &[])
        .await
        .unwrap()
        .get(0);
    (month, obstacle, json!({"run_id": run_id, "task": 1}))
}

#[tokio::test]
async fn a_second_delivery_finds_a_live_claim() {
    let (month, obstacle, event) = reading().await;
    let second = month.emulator.invoke("stat-analysis", &event).await.unwrap();
    assert_eq!(second.answer().unwrap(), json!({"skipped": "claimed"}));
    obstacle.remove().await;
    month.emulator.idle(PATIENCE).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_zombie_writes_nothing_after_its_task_was_taken_over() {
    let (month, obstacle, event) = reading().await;
    // Its claim runs out while it is stuck, and another invocation takes the task over.
    month
        .sql
        .batch_execute("update stat_task set claimed_until = now() - interval '1 s'")
        .await
        .unwrap();
    month.emulator.invoke_event("stat-analysis", &event).unwrap();
    obstacle.stands_in_the_way_of(&month, 2).await;
    obstacle.remove().await;
    month.emulator.idle(PATIENCE).await.unwrap();
    assert_clean(&month).await;
    let zombie = month.emulator.invocations_of("stat-analysis")[0]
        .outcome
        .clone()
        .unwrap();
    assert_eq!(zombie.answer().unwrap(), json!({"skipped": "claimed"}));
}

#[tokio::test]
async fn the_database_gone_and_back() {
    clean().await;
    let postgres = PostgresServer::start_own().await.unwrap();
    let mut month = Month::new(&postgres, moto().await).await.unwrap();
    fill(&month).await;
    let patient = |mut function: local_stack::Function| {
        function.retry_delay = Duration::from_secs(3);
        function
    };
    month.emulator.deploy(patient(month.stat_prep()));
    month.emulator.deploy(patient(month.stat_analysis()));
    plan(&month).await;
    let obstacle = Obstacle::put(&month, "lock table stat_term in share mode").await;
    month.emulator.calm();
    obstacle.stands_in_the_way_of(&month, 1).await;
    postgres.stop().await.unwrap();
    postgres.restart().await.unwrap();
    month.sql = connect(&month.database_url).await.unwrap();
    month.emulator.idle(PATIENCE).await.unwrap();
    assert_clean(&month).await;
}
