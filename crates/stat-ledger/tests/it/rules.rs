//! Claims, the fence, the election of the report, runs.

use stat_ledger::building::{Counts, ResultsRefused, TermCount};
use stat_ledger::fence::Lost;
use stat_ledger::run::{self, RunState};
use stat_ledger::task::{self, Claim, Claimed, ForeignAnalyser, REPORT};
use stat_ledger::{migrations, report};
use std::time::Duration;

use crate::surroundings::{LEASE, Ledger};

async fn analyse(ledger: &Ledger, claim: &Claim, building_id: &str) {
    let mut writer = ledger.writer(claim).await;
    writer.begin(building_id).await.unwrap();
    let counts = Counts {
        documents: 2,
        morphemes: 7,
        terms: vec![TermCount {
            term: "누수".into(),
            frequency: 3,
            documents: 2,
        }],
    };
    writer.store(building_id, &counts).await.unwrap();
}

#[track_caller]
fn assert_lost<T: std::fmt::Debug>(outcome: anyhow::Result<T>, how: Lost) {
    let error = outcome.expect_err("the write must be refused");
    assert_eq!(error.downcast_ref::<Lost>(), Some(&how), "{error:#}");
}

#[tokio::test]
async fn a_live_claim_is_not_given_to_another_request() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    ledger.granted(&run, 1, "first").await;
    assert!(matches!(ledger.claim(&run, 1, "second").await, Claimed::Busy));
}

#[tokio::test]
async fn a_claim_that_has_run_out_is() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    ledger.granted(&run, 1, "first").await;
    ledger.expire_claims().await;
    assert_eq!(ledger.granted(&run, 1, "second").await.attempt, 2);
}

#[tokio::test]
async fn the_same_request_takes_its_claim_over_at_once() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    assert_eq!(ledger.granted(&run, 1, "first").await.attempt, 1);
    assert_eq!(ledger.granted(&run, 1, "first").await.attempt, 2);
}

#[tokio::test]
async fn a_claim_outlives_its_deadline_by_a_minute_of_the_databases_clock() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    ledger.granted(&run, 1, "first").await;
    let sql = ledger.connect().await;
    let row = sql.query_one(
        "select extract(epoch from claimed_until - now())::float8 from stat_task",
        &[],
    );
    let seconds: f64 = row.await.unwrap().get(0);
    // 60 s of lease and 60 s of grace, less what the test itself has taken since.
    assert!((90.0..=120.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_zombie_can_write_nothing() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    let zombie = ledger.granted(&run, 1, "first").await;
    ledger.expire_claims().await;
    let claim = ledger.granted(&run, 1, "second").await;
    let mut client = ledger.connect().await;
    let counts = Counts::default();
    assert_lost(ledger.writer(&zombie).await.unfinished().await, Lost::TakenOver);
    assert_lost(ledger.writer(&zombie).await.begin("B1").await, Lost::TakenOver);
    assert_lost(
        ledger.writer(&zombie).await.store("B1", &counts).await,
        Lost::TakenOver,
    );
    assert_lost(
        ledger.writer(&zombie).await.note_failure("B1", "x").await,
        Lost::TakenOver,
    );
    assert_lost(task::give_back(&mut client, &zombie).await, Lost::TakenOver);
    assert_lost(task::finish(&mut client, &zombie).await, Lost::TakenOver);
    analyse(&ledger, &claim, "B1").await;
    assert!(task::finish(&mut client, &claim).await.unwrap());
}

#[tokio::test]
async fn a_superseded_run_can_write_nothing() {
    let ledger = Ledger::new().await;
    let old = ledger.open(&[&["B1"]]).await;
    let claim = ledger.granted(&old, 1, "first").await;
    ledger.open(&[&["B1"]]).await;
    let mut client = ledger.connect().await;
    assert_lost(ledger.writer(&claim).await.begin("B1").await, Lost::Superseded);
    assert_lost(task::finish(&mut client, &claim).await, Lost::Superseded);
    assert!(matches!(
        ledger.claim(&old, 1, "third").await,
        Claimed::Superseded
    ));
    assert_eq!(run::get(&client, old.id).await.unwrap().state, RunState::Failed);
}

#[tokio::test]
async fn a_new_run_waits_for_a_write_that_has_begun() {
    let ledger = Ledger::new().await;
    let old = ledger.open(&[&["B1"]]).await;
    let claim = ledger.granted(&old, 1, "first").await;
    let mut writer = ledger.connect().await;
    let writing = stat_ledger::fence::begin(&mut writer, &claim, false)
        .await
        .unwrap();
    let url = ledger.url.clone();
    let forced = tokio::spawn(async move { Ledger { url }.open(&[&["B1"]]).await });
    wait_for_waiting(&ledger, 1).await;
    assert!(!forced.is_finished());
    writing.commit().await.unwrap();
    forced.await.unwrap();
}

async fn wait_for_waiting(ledger: &Ledger, waiting: i64) {
    let sql = ledger.connect().await;
    let query = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    let seen = async {
        while sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0) < waiting {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LEASE, seen).await.expect("somebody waits");
}

#[tokio::test]
async fn two_last_tasks_that_commit_at_the_same_moment_elect_one_report() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"], &["B2"]]).await;
    let claims = [
        ledger.granted(&run, 1, "first").await,
        ledger.granted(&run, 2, "second").await,
    ];
    analyse(&ledger, &claims[0], "B1").await;
    analyse(&ledger, &claims[1], "B2").await;
    // Both are stopped at the run's row, when each has done everything else.
    let mut gate = ledger.connect().await;
    let closed = gate.transaction().await.unwrap();
    closed
        .execute("select from stat_run for update", &[])
        .await
        .unwrap();
    let finish = |claim: Claim| {
        let url = ledger.url.clone();
        tokio::spawn(async move {
            task::finish(&mut Ledger { url }.connect().await, &claim)
                .await
                .unwrap()
        })
    };
    let [first, second] = claims.map(finish);
    wait_for_waiting(&ledger, 2).await;
    closed.rollback().await.unwrap();
    let elected = [first.await.unwrap(), second.await.unwrap()];
    assert_eq!(
        elected.iter().filter(|is_last| **is_last).count(),
        1,
        "{elected:?}"
    );
    let report = ledger.granted(&run, REPORT, "third").await;
    assert!(matches!(
        ledger.claim(&run, REPORT, "fourth").await,
        Claimed::Busy
    ));
    let state = report::finish(&mut ledger.connect().await, &report)
        .await
        .unwrap();
    assert_eq!(state, RunState::Done);
    assert!(matches!(
        ledger.claim(&run, REPORT, "fourth").await,
        Claimed::Done { report_waits: false }
    ));
}

#[tokio::test]
async fn a_claim_cannot_come_between_a_mail_and_its_note() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[]).await;
    let claim = ledger.granted(&run, REPORT, "first").await;
    let mut client = ledger.connect().await;
    let mailing = report::begin(&mut client, &claim).await.unwrap();
    let (url, other) = (ledger.url.clone(), run.clone());
    let second = tokio::spawn(async move { Ledger { url }.claim(&other, REPORT, "second").await });
    wait_for_waiting(&ledger, 1).await;
    // The mail is sent here. To note it must not wait for the claim that waits for us.
    report::commit_mail(mailing, &claim, "message").await.unwrap();
    assert!(matches!(second.await.unwrap(), Claimed::Busy));
    assert_eq!(
        run::get(&client, run.id).await.unwrap().message_id.as_deref(),
        Some("message")
    );
}

#[tokio::test]
async fn the_report_cannot_be_claimed_before_the_last_task_has_ended() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"], &["B2"]]).await;
    let mut client = ledger.connect().await;
    let Err(error) = task::claim(&mut client, run.id, REPORT, "x", LEASE, None).await else {
        panic!("too early")
    };
    assert!(error.to_string().contains("waits for 2 tasks"), "{error:#}");
    let Err(error) = task::claim(&mut client, run.id, 3, "x", LEASE, Some("a")).await else {
        panic!("no task")
    };
    assert!(error.to_string().contains("has no task 3"), "{error:#}");
}

#[tokio::test]
async fn an_unfinished_task_cannot_end() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1", "B2"]]).await;
    let claim = ledger.granted(&run, 1, "first").await;
    analyse(&ledger, &claim, "B1").await;
    let error = task::finish(&mut ledger.connect().await, &claim)
        .await
        .expect_err("B2 is not done");
    assert!(error.to_string().contains("unfinished"), "{error:#}");
}

#[tokio::test]
async fn attempts_are_counted_before_the_work_and_end_at_the_third() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1", "B2"]]).await;
    let mut client = ledger.connect().await;
    for attempts in 0..3 {
        let claim = ledger.granted(&run, 1, "the same").await;
        let unfinished = ledger.writer(&claim).await.unfinished().await.unwrap();
        let b1 = unfinished
            .iter()
            .find(|building| building.building_id == "B1")
            .unwrap();
        assert_eq!(b1.attempts, attempts);
        // The process is killed after this.
        ledger.writer(&claim).await.begin("B1").await.unwrap();
    }
    let claim = ledger.granted(&run, 1, "the same").await;
    let unfinished = ledger.writer(&claim).await.unfinished().await.unwrap();
    assert_eq!(
        unfinished
            .iter()
            .map(|building| &building.building_id)
            .collect::<Vec<_>>(),
        ["B2"]
    );
    analyse(&ledger, &claim, "B2").await;
    assert!(task::finish(&mut client, &claim).await.unwrap());
    let report = ledger.granted(&run, REPORT, "report").await;
    assert_eq!(
        report::finish(&mut client, &report).await.unwrap(),
        RunState::Partial
    );
}

#[tokio::test]
async fn those_begun_least_often_come_first() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1", "B2", "B3"]]).await;
    let claim = ledger.granted(&run, 1, "first").await;
    ledger.writer(&claim).await.begin("B1").await.unwrap();
    let order: Vec<String> = ledger
        .writer(&claim)
        .await
        .unfinished()
        .await
        .unwrap()
        .into_iter()
        .map(|building| building.building_id)
        .collect();
    assert_eq!(order, ["B2", "B3", "B1"]);
}

#[tokio::test]
async fn results_and_ledger_move_together() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    let claim = ledger.granted(&run, 1, "first").await;
    let client = ledger.connect().await;
    let mut writer = ledger.writer(&claim).await;
    writer.begin("B1").await.unwrap();
    // The terms are copied first; what follows them finds the building's key taken.
    let taken = "insert into stat_building values ($1, '2026-10', 'B1', 0, 0)";
    client.execute(taken, &[&run.id]).await.unwrap();
    let term = TermCount {
        term: "누수".into(),
        frequency: 1,
        documents: 1,
    };
    let counts = Counts {
        documents: 1,
        morphemes: 1,
        terms: vec![term],
    };
    let error = writer.store("B1", &counts).await.expect_err("the key is taken");
    assert!(error.is::<ResultsRefused>(), "{error:#}");
    let query = "select (select count(*) from stat_term), (select state from stat_task_building)";
    let row = client.query_one(query, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (0, "running"));
}

#[tokio::test]
async fn a_building_that_is_none_of_the_task_is_not_written() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"], &["B2"]]).await;
    let claim = ledger.granted(&run, 1, "first").await;
    let mut writer = ledger.writer(&claim).await;
    let error = writer.begin("B2").await.unwrap_err();
    assert!(error.to_string().contains("B2 is none of task 1"), "{error:#}");
    let error = writer.store("B2", &Counts::default()).await.unwrap_err();
    assert!(error.to_string().contains("B2 is none of task 1"), "{error:#}");
    let client = ledger.connect().await;
    let stored: i64 = client
        .query_one("select count(*) from stat_building", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn a_right_that_is_missing_is_no_fault_of_the_building() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    let claim = ledger.granted(&run, 1, "first").await;
    let mut writer = ledger.writer(&claim).await;
    let client = ledger.connect().await;
    client
        .batch_execute("alter table stat_building rename to gone")
        .await
        .unwrap();
    let error = writer.store("B1", &Counts::default()).await.unwrap_err();
    assert!(!error.is::<ResultsRefused>(), "{error:#}");
}

#[tokio::test]
async fn the_first_task_pins_the_analyser() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"], &["B2"]]).await;
    ledger.granted(&run, 1, "first").await;
    let mut client = ledger.connect().await;
    let Err(error) = task::claim(&mut client, run.id, 2, "second", LEASE, Some("b")).await else {
        panic!("another analyser")
    };
    assert!(error.is::<ForeignAnalyser>());
    let message = error.to_string();
    assert!(
        message.contains("\"a\"") && message.contains("\"b\""),
        "{message}"
    );
}

#[tokio::test]
async fn a_month_has_at_most_one_open_run() {
    let ledger = Ledger::new().await;
    ledger.open(&[&["B1"]]).await;
    let sql = ledger.connect().await;
    let second = "insert into stat_run (run_id, period_id, request_id, starts_at, ends_at, mail)
                  values (gen_random_uuid(), '2026-10', 'x', now(), now(), true)";
    let error = sql
        .batch_execute(second)
        .await
        .expect_err("the index stands in the way");
    assert!(
        error.as_db_error().unwrap().message().contains("stat_run_open"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_task_given_back_can_be_claimed_at_once() {
    let ledger = Ledger::new().await;
    let run = ledger.open(&[&["B1"]]).await;
    let claim = ledger.granted(&run, 1, "first").await;
    task::give_back(&mut ledger.connect().await, &claim)
        .await
        .unwrap();
    assert_eq!(
        run::idle_tasks(&ledger.connect().await, run.id).await.unwrap(),
        [1]
    );
    ledger.granted(&run, 1, "second").await;
    assert!(
        run::idle_tasks(&ledger.connect().await, run.id)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn migrations_may_be_applied_by_several_at_once_and_again() {
    let ledger = Ledger::new().await;
    let sql = ledger.connect().await;
    sql.batch_execute("drop schema public cascade; create schema public")
        .await
        .unwrap();
    let migrate = || async { migrations::migrate(&mut ledger.connect().await).await };
    let (first, second, third) = tokio::join!(migrate(), migrate(), migrate());
    first.and(second).and(third).unwrap();
    migrate().await.unwrap();
}
