//! `force`, `failed`, `mail`, `resume`, and events that are refused.

use local_stack::{Decision, Fault, FaultProxy, Match, MonthStack, Outcome};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::setup::{
    HeldLock, TIMEOUT, add_text, assert_clean, clean_results, deliver_twice, hold_tasks, moto, october,
    on_function_calls, results, rows, run_without_mail, small_month,
};

async fn current_run(month: &MonthStack) -> String {
    let query = "select current_run_id from stat_period where period_id = '2026-10'";
    month
        .sql
        .query_one(query, &[])
        .await
        .unwrap()
        .get::<_, Uuid>(0)
        .to_string()
}

async fn mails(month: &MonthStack) -> usize {
    month.topic.mails().await.unwrap().len()
}

#[track_caller]
fn error_of(outcome: Outcome) -> (String, String) {
    let Outcome::Error(error) = outcome else {
        panic!("expected an error, got {outcome:?}")
    };
    (
        error["errorType"].as_str().unwrap().to_owned(),
        error["errorMessage"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn a_plain_event_on_a_finished_month_does_nothing() {
    let month = small_month().await;
    month.deploy();
    let first = month.run(&october()).await.unwrap();
    let second = month.run(&json!({"period": "2026-10"})).await.unwrap();
    assert_eq!(second["run_id"], first["run_id"]);
    assert_eq!(
        (&second["state"], &second["invoked"]),
        (&json!("done"), &json!(0))
    );
    assert_eq!(
        second["buildings"],
        json!({"added": 0, "changed": 0, "closed": 0})
    );
    assert_clean(&month).await;
}

#[tokio::test]
async fn force_runs_a_finished_month_again_and_replaces_its_results() {
    let month = small_month().await;
    month.deploy();
    let first = month.run(&october()).await.unwrap();
    add_text(&month, "B4", "2026-10", "보일러가 고장났습니다").await;
    let second = month
        .run(&json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    assert_ne!(second["run_id"], first["run_id"]);
    assert_eq!(current_run(&month).await, second["run_id"].as_str().unwrap());
    assert_eq!(mails(&month).await, 2);
    let kept = rows(
        &month,
        "select count(distinct run_id), sum(documents) from stat_building",
    )
    .await;
    assert_eq!(kept, ["(1,12)"], "the results of the older run are gone");
    assert!(results(&month).await.csv.contains("보일러"));
}

#[tokio::test]
async fn a_doubled_event_with_force_starts_one_run() {
    let month = small_month().await;
    month.deploy();
    month.run(&october()).await.unwrap();
    let request_id = deliver_twice(&month, &json!({"period": "2026-10", "force": true})).await;
    // A late copy arrives after the run has finished.
    month.emulator.redeliver(&request_id).unwrap();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_eq!(month.emulator.invocations_of("stat-prep").len(), 4);
    assert_eq!(rows(&month, "select count(*) from stat_run").await, ["(2)"]);
    assert_eq!(results(&month).await, clean_results().await.clone());
    assert_eq!(mails(&month).await, 2, "the first run's and the forced one's");
}

#[tokio::test]
async fn a_late_task_of_a_superseded_run_writes_nothing() {
    let month = small_month().await;
    month.deploy();
    on_function_calls(&month, Decision::Hold);
    let old = month
        .emulator
        .invoke("stat-prep", &october())
        .await
        .unwrap()
        .into_response()
        .unwrap();
    month.emulator.on_invoke(|_| Decision::Deliver);
    let new = month
        .emulator
        .invoke("stat-prep", &json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    let new = new.into_response().unwrap();
    assert_ne!(old["run_id"], new["run_id"]);
    month.emulator.deliver_all();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    let late = month.emulator.invocations_of("stat-analysis").into_iter();
    let late: Vec<_> = late
        .filter(|invocation| invocation.payload["run_id"] == old["run_id"])
        .collect();
    assert_eq!(late.len(), 1);
    assert_eq!(
        late[0].outcome.clone().unwrap().into_response().unwrap(),
        json!({"skipped": "superseded"})
    );
    assert_clean(&month).await;
    let states = rows(&month, "select state from stat_run").await;
    assert_eq!(
        states,
        ["(done)", "(failed)"],
        "the superseded run is marked as failed"
    );
}

#[tokio::test]
async fn a_task_superseded_in_the_middle_stops_at_its_next_write() {
    let month = small_month().await;
    month.deploy();
    hold_tasks(&month).await;
    let lock = HeldLock::take(&month, "lock table message in access exclusive mode").await;
    month.emulator.deliver_all();
    lock.wait_for_waiters(&month, 1).await;
    // `stat-prep` waits for the same lock, and continues together with the stuck task.
    let emulator = month.emulator.clone();
    let forced = json!({"period": "2026-10", "force": true});
    let forced = tokio::spawn(async move { emulator.invoke("stat-prep", &forced).await.unwrap() });
    lock.wait_for_waiters(&month, 2).await;
    lock.release().await;
    forced.await.unwrap().into_response().unwrap();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_eq!(results(&month).await, clean_results().await.clone());
    let stuck = month.emulator.invocations_of("stat-analysis")[0]
        .outcome
        .clone()
        .unwrap();
    assert_eq!(stuck.into_response().unwrap(), json!({"skipped": "superseded"}));
    assert_eq!(mails(&month).await, 1);
}

#[tokio::test]
async fn a_report_superseded_while_it_is_uploaded_does_not_replace_the_newer_one() {
    let month = small_month().await;
    let proxy = FaultProxy::start(moto().await.endpoint()).await.unwrap();
    month.emulator.deploy(month.stat_prep());
    month.emulator.deploy(
        month
            .stat_analysis()
            .variable("AWS_ENDPOINT_URL", proxy.endpoint()),
    );
    proxy.faults.inject(
        Match::path("PUT", &format!("/{}/stat/", month.bucket)),
        Fault::Hold,
        1,
    );
    month.emulator.invoke("stat-prep", &october()).await.unwrap();
    proxy.faults.wait_until_held(TIMEOUT).await.unwrap();
    add_text(&month, "B4", "2026-10", "보일러가 고장났습니다").await;
    // The upload holds no lock, so the forced run overtakes it.
    let forced = json!({"period": "2026-10", "force": true});
    let forced = month.emulator.invoke("stat-prep", &forced).await.unwrap();
    forced.into_response().unwrap();
    while month.topic.mails().await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    proxy.faults.clear();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    let results = results(&month).await;
    for (file, newer) in [
        (&results.csv, "보일러"),
        (&results.xlsx, "보일러"),
        (&results.categories, "B4,새길 빌딩,난방·온수,1,"),
        (&results.html, "난방·온수"),
    ] {
        assert!(file.contains(newer), "{file}");
    }
    assert_eq!(mails(&month).await, 1);
    assert_eq!(
        rows(&month, "select count(distinct run_id) from stat_keyword").await,
        ["(1)"]
    );
}

#[tokio::test]
async fn mail_false_computes_without_a_mail() {
    let month = small_month().await;
    month.deploy();
    run_without_mail(&month, "2026-10").await;
    assert_eq!(results(&month).await, clean_results().await.clone());
    assert_eq!(mails(&month).await, 0);
    let report = month
        .emulator
        .invocations_of("stat-analysis")
        .pop()
        .unwrap()
        .outcome
        .unwrap();
    assert_eq!(report.into_response().unwrap()["message_id"], Value::Null);
}

#[tokio::test]
async fn resume_invokes_a_dropped_task() {
    let month = small_month().await;
    month.deploy();
    on_function_calls(&month, Decision::Drop);
    let run = month.run(&october()).await.unwrap();
    month.emulator.deliver_all();
    let resumed = month.run(&json!({"resume": true})).await.unwrap();
    assert_eq!(resumed["resumed"].as_array().unwrap().len(), 1);
    assert_eq!(resumed["resumed"][0]["run_id"], run["run_id"]);
    assert_eq!(
        (&resumed["resumed"][0]["tasks"], &resumed["resumed"][0]["invoked"]),
        (&json!(1), &json!(1))
    );
    assert_clean(&month).await;
    let resumed = month.run(&json!({"resume": true})).await.unwrap();
    assert_eq!(resumed, json!({"resumed": []}));
}

#[tokio::test]
async fn resume_invokes_a_dropped_report() {
    let month = small_month().await;
    month.deploy();
    month
        .emulator
        .on_invoke(|call| match call.payload["task"] == json!(0) {
            true => Decision::Drop,
            false => Decision::Deliver,
        });
    month.run(&october()).await.unwrap();
    assert_eq!(mails(&month).await, 0);
    month.emulator.deliver_all();
    let resumed = month.run(&json!({"resume": true})).await.unwrap();
    assert_eq!(resumed["resumed"][0]["invoked"], json!(1));
    assert_clean(&month).await;
}

#[tokio::test]
async fn resume_takes_over_only_expired_claims() {
    let month = small_month().await;
    let mut function = month.stat_analysis();
    function.max_retries = 0;
    month.emulator.deploy(month.stat_prep());
    month.emulator.deploy(function);
    hold_tasks(&month).await;
    let lock = HeldLock::take(&month, "lock table message in access exclusive mode").await;
    month.emulator.deliver_all();
    lock.wait_for_waiters(&month, 1).await;
    month.emulator.kill("stat-analysis");
    lock.release().await;
    let too_early = month.run(&json!({"resume": true})).await.unwrap();
    assert_eq!(
        too_early["resumed"][0]["invoked"],
        json!(0),
        "the claim has not expired"
    );
    assert_eq!(too_early["resumed"][0]["state"], json!("running"));
    // As after two minutes, when the deadline and the grace period have passed.
    month
        .sql
        .batch_execute("update stat_task set claimed_until = now() - interval '1 s'")
        .await
        .unwrap();
    let resumed = month.run(&json!({"resume": true})).await.unwrap();
    assert_eq!(resumed["resumed"][0]["invoked"], json!(1));
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_month_that_has_not_ended_is_refused() {
    let month = small_month().await;
    month.deploy();
    let outcome = month
        .emulator
        .invoke("stat-prep", &json!({"period": "2999-01"}))
        .await
        .unwrap();
    let (error_type, message) = error_of(outcome);
    assert_eq!(error_type, "MonthNotEnded");
    assert!(
        message.contains("2999-01 has not ended yet in Asia/Seoul"),
        "{message}"
    );
}

#[tokio::test]
async fn an_invalid_event_is_refused_with_the_expected_form() {
    let month = small_month().await;
    month.deploy();
    for (function, event, expected) in [
        (
            "stat-prep",
            json!({"period": "2026-13"}),
            "a month written like 2026-10",
        ),
        (
            "stat-prep",
            json!({"time": "secret-word"}),
            "to be an instant like",
        ),
        ("stat-prep", json!({"secret-word": true}), "the only fields are"),
        (
            "stat-analysis",
            json!({"task": "secret-word"}),
            "as stat-prep sends it",
        ),
    ] {
        let (error_type, message) = error_of(month.emulator.invoke(function, &event).await.unwrap());
        assert_eq!(error_type, "InvalidEvent");
        assert!(message.contains(expected), "{message}");
        let log = month.log(function, expected).await.unwrap();
        assert_eq!(
            log.matches(expected).count(),
            1,
            "exactly one log line has the message: {log}"
        );
        assert!(log.contains("\"requestId\":"), "{log}");
        assert!(!log.contains("secret-word"), "{log}");
    }
}

#[tokio::test]
async fn another_analyser_within_a_run_is_refused_and_force_starts_a_new_run() {
    let month = small_month().await;
    month.deploy();
    on_function_calls(&month, Decision::Drop);
    month.run(&october()).await.unwrap();
    month.emulator.deliver_all();
    month
        .sql
        .batch_execute("update stat_run set analyser = 'ko-morph 0.0.1, of yesterday'")
        .await
        .unwrap();
    month.run(&json!({"resume": true})).await.unwrap();
    let (error_type, message) = error_of(
        month
            .emulator
            .invocations_of("stat-analysis")
            .pop()
            .unwrap()
            .outcome
            .unwrap(),
    );
    assert_eq!(error_type, "ForeignAnalyser");
    assert!(
        message.contains("ko-morph 0.0.1, of yesterday") && message.contains("stop words"),
        "{message}"
    );
    month
        .run(&json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn failed_without_a_run_is_refused() {
    let month = small_month().await;
    month.deploy();
    let outcome = month
        .emulator
        .invoke("stat-prep", &json!({"period": "2026-10", "failed": true}))
        .await
        .unwrap();
    let (_, message) = error_of(outcome);
    assert!(message.contains("2026-10 has no run yet"), "{message}");
}

#[tokio::test]
async fn failed_is_refused_once_the_months_terms_were_removed() {
    let month = small_month().await;
    month.deploy();
    let refuse = "alter table stat_building add constraint refused check (building_id <> 'B2') not valid";
    month.run(&json!({"period": "2026-09"})).await.unwrap();
    month.sql.batch_execute(refuse).await.unwrap();
    month.run(&october()).await.unwrap();
    assert_eq!(current_state(&month).await, ["(partial)"]);
    let later = "alter table stat_building drop constraint refused; delete from stat_term";
    month.sql.batch_execute(later).await.unwrap();
    let failed = json!({"period": "2026-10", "failed": true});
    let (_, message) = error_of(month.emulator.invoke("stat-prep", &failed).await.unwrap());
    let advice = r#"count the whole month with {"period":"2026-10","force":true}"#;
    assert!(
        message.contains("STAT_KEEP_MONTHS") && message.contains(advice),
        "{message}"
    );
    month
        .run(&json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    assert_eq!(current_state(&month).await, ["(done)"]);
}

async fn current_state(month: &MonthStack) -> Vec<String> {
    rows(month, "select state from stat_status where period_id = '2026-10'").await
}
