//! Claims, the fence, the start of the report, runs.

use std::time::Duration;

use stat_ledger::building::{BuildingResult, CategoryCount, Counts, StoreOutcome, TermCount};
use stat_ledger::fence::{self, WriteError};
use stat_ledger::run::{self, RunState};
use stat_ledger::task::{self, Claim, ClaimOutcome, ForeignAnalyser, REPORT};
use stat_ledger::{migrations, report};

use crate::setup::{LEASE, Setup};

async fn analyse(setup: &Setup, claim: &Claim, building_id: &str) {
    let mut writer = setup.writer(claim).await;
    writer.begin(&[building_id]).await.unwrap();
    let counts = Counts {
        documents: 2,
        morphemes: 7,
        terms: vec![TermCount {
            term: "누수".into(),
            frequency: 3,
            documents: 2,
        }],
        categories: vec![CategoryCount {
            category: "누수".into(),
            documents: 2,
        }],
    };
    writer.store(&[result(building_id, counts)]).await.unwrap();
}

fn result(building_id: &str, counts: Counts) -> BuildingResult {
    BuildingResult {
        building_id: building_id.to_owned(),
        counts,
    }
}

/// Asserts that a write failed with this variant of [`WriteError`].
macro_rules! assert_fails {
    ($write:expr, $variant:pat) => {{
        let outcome = $write.await;
        assert!(matches!(outcome, Err($variant)), "{outcome:?}");
    }};
}

#[tokio::test]
async fn a_live_claim_is_not_granted_to_another_request() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    setup.granted(&run, 1, "first").await;
    assert!(matches!(setup.claim(&run, 1, "second").await, ClaimOutcome::Busy));
}

#[tokio::test]
async fn an_expired_claim_is_granted_to_another_request() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    setup.granted(&run, 1, "first").await;
    setup.expire_claims().await;
    assert_eq!(setup.granted(&run, 1, "second").await.attempt, 2);
}

#[tokio::test]
async fn the_same_request_takes_its_claim_over_at_once() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    assert_eq!(setup.granted(&run, 1, "first").await.attempt, 1);
    assert_eq!(setup.granted(&run, 1, "first").await.attempt, 2);
}

#[tokio::test]
async fn a_claim_outlives_its_deadline_by_a_minute_of_the_databases_clock() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    setup.granted(&run, 1, "first").await;
    let sql = setup.connect().await;
    let row = sql.query_one(
        "select extract(epoch from claimed_until - now())::float8 from stat_task",
        &[],
    );
    let seconds: f64 = row.await.unwrap().get(0);
    // 60 s of lease and 60 s of grace, less the time that the test itself has taken since.
    assert!((90.0..=120.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_zombie_can_write_nothing() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    let zombie = setup.granted(&run, 1, "first").await;
    setup.expire_claims().await;
    let claim = setup.granted(&run, 1, "second").await;
    let mut session = setup.session().await;
    let counts = Counts::default();
    let mut writer = setup.writer(&zombie).await;
    assert_fails!(writer.unfinished(), WriteError::TakenOver);
    assert_fails!(writer.begin(&["B1"]), WriteError::TakenOver);
    assert_fails!(writer.store(&[result("B1", counts)]), WriteError::TakenOver);
    assert_fails!(writer.record_failure("B1", "x"), WriteError::TakenOver);
    assert_fails!(task::release(&mut session, &zombie), WriteError::TakenOver);
    assert_fails!(task::finish(&mut session, &zombie), WriteError::TakenOver);
    analyse(&setup, &claim, "B1").await;
    assert!(task::finish(&mut session, &claim).await.unwrap());
}

#[tokio::test]
async fn a_superseded_run_can_write_nothing() {
    let setup = Setup::new().await;
    let old = setup.open(&[&["B1"]]).await;
    let claim = setup.granted(&old, 1, "first").await;
    setup.open(&[&["B1"]]).await;
    let mut session = setup.session().await;
    assert_fails!(setup.writer(&claim).await.begin(&["B1"]), WriteError::Superseded);
    assert_fails!(task::finish(&mut session, &claim), WriteError::Superseded);
    assert!(matches!(
        setup.claim(&old, 1, "third").await,
        ClaimOutcome::Superseded
    ));
    assert_eq!(
        run::get(&setup.connect().await, old.id).await.unwrap().state,
        RunState::Failed
    );
}

#[tokio::test]
async fn a_new_run_waits_for_a_write_that_has_begun() {
    let setup = Setup::new().await;
    let old = setup.open(&[&["B1"]]).await;
    let claim = setup.granted(&old, 1, "first").await;
    let mut writer = setup.session().await;
    let write = fence::begin(&mut writer, &claim).await.unwrap();
    let url = setup.url.clone();
    let forced = tokio::spawn(async move { Setup { url }.open(&[&["B1"]]).await });
    wait_for_lock_waits(&setup, 1).await;
    assert!(!forced.is_finished());
    write.commit().await.unwrap();
    forced.await.unwrap();
}

/// Waits until this many statements wait for a lock.
async fn wait_for_lock_waits(setup: &Setup, waiting: i64) {
    let sql = setup.connect().await;
    let query = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    let seen = async {
        while sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0) < waiting {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LEASE, seen)
        .await
        .expect("a statement waits for a lock");
}

#[tokio::test]
async fn two_last_tasks_that_end_at_the_same_moment_queue_one_report() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"], &["B2"]]).await;
    let claims = [
        setup.granted(&run, 1, "first").await,
        setup.granted(&run, 2, "second").await,
    ];
    analyse(&setup, &claims[0], "B1").await;
    analyse(&setup, &claims[1], "B2").await;
    // Both wait for the run's row, when each has done everything else.
    let mut blocker = setup.connect().await;
    let block = blocker.transaction().await.unwrap();
    block
        .execute("select from stat_run for update", &[])
        .await
        .unwrap();
    let finish = |claim: Claim| {
        let url = setup.url.clone();
        tokio::spawn(async move {
            task::finish(&mut Setup { url }.session().await, &claim)
                .await
                .unwrap()
        })
    };
    let [first, second] = claims.map(finish);
    wait_for_lock_waits(&setup, 2).await;
    block.rollback().await.unwrap();
    let is_last = [first.await.unwrap(), second.await.unwrap()];
    assert_eq!(
        is_last.iter().filter(|is_last| **is_last).count(),
        1,
        "{is_last:?}"
    );
    let report = setup.granted(&run, REPORT, "third").await;
    assert!(matches!(
        setup.claim(&run, REPORT, "fourth").await,
        ClaimOutcome::Busy
    ));
    let state = report::finish(&mut setup.session().await, &report).await.unwrap();
    assert_eq!(state, RunState::Done);
    assert!(matches!(
        setup.claim(&run, REPORT, "fourth").await,
        ClaimOutcome::Done {
            report_is_queued: false
        }
    ));
}

#[tokio::test]
async fn no_claim_is_granted_between_a_mail_and_its_record() {
    let setup = Setup::new().await;
    let run = setup.open(&[]).await;
    let claim = setup.granted(&run, REPORT, "first").await;
    let mut session = setup.session().await;
    let transaction = fence::begin_with_run(&mut session, &claim).await.unwrap();
    let (url, other) = (setup.url.clone(), run.clone());
    let second = tokio::spawn(async move { Setup { url }.claim(&other, REPORT, "second").await });
    wait_for_lock_waits(&setup, 1).await;
    // The mail is sent here. Its record must not wait for the claim that waits for this transaction.
    report::commit_mail(transaction, &claim, "message").await.unwrap();
    assert!(matches!(second.await.unwrap(), ClaimOutcome::Busy));
    assert_eq!(
        run::get(&setup.connect().await, run.id)
            .await
            .unwrap()
            .message_id
            .as_deref(),
        Some("message")
    );
}

#[tokio::test]
async fn the_report_cannot_be_claimed_before_the_last_task_has_ended() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"], &["B2"]]).await;
    let mut session = setup.session().await;
    let Err(error) = task::claim(&mut session, run.id, REPORT, "x", LEASE, None).await else {
        panic!("too early")
    };
    assert!(error.to_string().contains("waits for 2 tasks"), "{error:#}");
    let Err(error) = task::claim(&mut session, run.id, 3, "x", LEASE, Some("a")).await else {
        panic!("no task")
    };
    assert!(error.to_string().contains("has no task 3"), "{error:#}");
}

#[tokio::test]
async fn an_unfinished_task_cannot_end() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1", "B2"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    analyse(&setup, &claim, "B1").await;
    let error = task::finish(&mut setup.session().await, &claim)
        .await
        .expect_err("B2 is not done");
    assert!(error.to_string().contains("unfinished"), "{error:#}");
}

#[tokio::test]
async fn attempts_are_counted_before_the_work_and_end_at_the_third() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1", "B2"]]).await;
    let mut session = setup.session().await;
    for attempts in 0..3 {
        let claim = setup.granted(&run, 1, "the same").await;
        let unfinished = setup.writer(&claim).await.unfinished().await.unwrap();
        let b1 = unfinished
            .iter()
            .find(|building| building.building_id == "B1")
            .unwrap();
        assert_eq!(b1.attempts, attempts);
        // The process is killed at this point.
        setup.writer(&claim).await.begin(&["B1"]).await.unwrap();
    }
    let claim = setup.granted(&run, 1, "the same").await;
    let unfinished = setup.writer(&claim).await.unfinished().await.unwrap();
    assert_eq!(
        unfinished
            .iter()
            .map(|building| &building.building_id)
            .collect::<Vec<_>>(),
        ["B2"]
    );
    analyse(&setup, &claim, "B2").await;
    assert!(task::finish(&mut session, &claim).await.unwrap());
    let report = setup.granted(&run, REPORT, "report").await;
    assert_eq!(
        report::finish(&mut session, &report).await.unwrap(),
        RunState::Partial
    );
}

#[tokio::test]
async fn buildings_begun_least_often_come_first() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1", "B2", "B3"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    setup.writer(&claim).await.begin(&["B1"]).await.unwrap();
    let order: Vec<String> = setup
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
async fn results_and_ledger_change_together() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    let client = setup.connect().await;
    let mut writer = setup.writer(&claim).await;
    writer.begin(&["B1"]).await.unwrap();
    // The terms are copied first; the insert that follows finds the building's key taken.
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
        categories: vec![CategoryCount {
            category: "누수".into(),
            documents: 1,
        }],
    };
    let outcome = writer.store(&[result("B1", counts)]).await.unwrap();
    assert!(matches!(outcome, StoreOutcome::Rejected(_)), "{outcome:?}");
    let query = "select (select count(*) from stat_term) + (select count(*) from stat_category),
                        (select state from stat_task_building)";
    let row = client.query_one(query, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (0, "running"));
}

#[tokio::test]
async fn a_building_of_another_task_is_not_written() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"], &["B2"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    let mut writer = setup.writer(&claim).await;
    let error = writer.begin(&["B2"]).await.unwrap_err();
    assert!(
        error.to_string().contains("B2 does not belong to task 1"),
        "{error:#}"
    );
    let error = writer
        .store(&[result("B2", Counts::default())])
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("B2 does not belong to task 1"),
        "{error:#}"
    );
    let client = setup.connect().await;
    let stored: i64 = client
        .query_one("select count(*) from stat_building", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn a_database_fault_is_not_a_rejection_of_the_results() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    let mut writer = setup.writer(&claim).await;
    let client = setup.connect().await;
    client
        .batch_execute("alter table stat_building rename to gone")
        .await
        .unwrap();
    assert_fails!(
        writer.store(&[result("B1", Counts::default())]),
        WriteError::Failed(_)
    );
}

#[tokio::test]
async fn the_first_task_pins_the_analyser() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"], &["B2"]]).await;
    setup.granted(&run, 1, "first").await;
    let mut session = setup.session().await;
    let Err(error) = task::claim(&mut session, run.id, 2, "second", LEASE, Some("b")).await else {
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
    let setup = Setup::new().await;
    setup.open(&[&["B1"]]).await;
    let sql = setup.connect().await;
    let second = "insert into stat_run (run_id, period_id, request_id, starts_at, ends_at, mail)
                  values (gen_random_uuid(), '2026-10', 'x', now(), now(), true)";
    let error = sql
        .batch_execute(second)
        .await
        .expect_err("the index refuses a second open run");
    assert!(
        error.as_db_error().unwrap().message().contains("stat_run_open"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_released_task_can_be_claimed_at_once() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    task::release(&mut setup.session().await, &claim).await.unwrap();
    assert_eq!(
        run::unclaimed_tasks(&setup.connect().await, run.id)
            .await
            .unwrap(),
        [1]
    );
    setup.granted(&run, 1, "second").await;
    assert!(
        run::unclaimed_tasks(&setup.connect().await, run.id)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_batch_is_stored_completely_or_not_at_all() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1", "B2", "B3"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    let client = setup.connect().await;
    let mut writer = setup.writer(&claim).await;
    writer.begin(&["B1", "B2"]).await.unwrap();
    let taken = "insert into stat_building values ($1, '2026-10', 'B2', 0, 0)";
    client.execute(taken, &[&run.id]).await.unwrap();
    let batch = ["B1", "B2"].map(|id| result(id, Counts::default()));
    let outcome = writer.store(&batch).await.unwrap();
    assert!(matches!(outcome, StoreOutcome::Rejected(_)), "{outcome:?}");
    // Alone, each building is stored or rejected by itself.
    let first = writer.store(&batch[..1]).await.unwrap();
    assert!(matches!(first, StoreOutcome::Stored), "{first:?}");
    let second = writer.store(&batch[1..]).await.unwrap();
    assert!(matches!(second, StoreOutcome::Rejected(_)), "{second:?}");
    let query =
        "select string_agg(building_id || ' ' || state, ', ' order by building_id) from stat_task_building";
    let states: String = client.query_one(query, &[]).await.unwrap().get(0);
    assert_eq!(states, "B1 done, B2 running, B3 queued");
}

#[tokio::test]
async fn a_building_that_was_not_reached_gets_its_attempt_back() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1", "B2"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    let mut writer = setup.writer(&claim).await;
    writer.begin(&["B1", "B2"]).await.unwrap();
    writer.store(&[result("B1", Counts::default())]).await.unwrap();
    writer.give_back(&["B1", "B2"]).await.unwrap();
    let query = "select string_agg(building_id || ' ' || state || ' ' || attempts, ', ' order by building_id)
                 from stat_task_building";
    let states: String = setup.connect().await.query_one(query, &[]).await.unwrap().get(0);
    assert_eq!(states, "B1 done 1, B2 queued 0");
}

#[tokio::test]
async fn terms_of_old_months_are_removed() {
    let setup = Setup::new().await;
    let run = setup.open(&[&["B1"]]).await;
    let claim = setup.granted(&run, 1, "first").await;
    analyse(&setup, &claim, "B1").await;
    let client = setup.connect().await;
    let later = "insert into stat_period values ('2026-12', '2026-12-01', '2026-12-31', $1)";
    client.execute(later, &[&run.id]).await.unwrap();
    // October, November and December are three months.
    let mut session = setup.session().await;
    assert_eq!(report::remove_old_terms(&mut session, 3).await.unwrap(), 0);
    assert_eq!(report::remove_old_terms(&mut session, 2).await.unwrap(), 1);
    let query = "select (select count(*) from stat_term), (select count(*) from stat_building),
                        (select count(*) from stat_category)";
    let row = client.query_one(query, &[]).await.unwrap();
    let rows = [0, 1, 2].map(|column| row.get::<_, i64>(column));
    assert_eq!(rows, [0, 1, 1], "categories and counts stay");
}

#[tokio::test]
async fn migrations_can_be_applied_concurrently_and_repeatedly() {
    let setup = Setup::new().await;
    let sql = setup.connect().await;
    sql.batch_execute("drop schema public cascade; create schema public")
        .await
        .unwrap();
    let migrate = || async { migrations::migrate(&mut setup.session().await).await };
    let (first, second, third) = tokio::join!(migrate(), migrate(), migrate());
    first.and(second).and(third).unwrap();
    migrate().await.unwrap();
    // Other tests hold locks in databases of their own on the same server.
    let locks = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    let locks: i64 = sql.query_one(locks, &[]).await.unwrap().get(0);
    assert_eq!(locks, 0, "no lock outlives its transaction");
}

#[tokio::test]
async fn a_release_that_was_rolled_back_to_accepts_newer_migrations_and_no_changed_ones() {
    let setup = Setup::new().await;
    let sql = setup.connect().await;
    sql.batch_execute("insert into stat_schema_history values (99, 'newer', '', '1')")
        .await
        .unwrap();
    migrations::migrate(&mut setup.session().await).await.unwrap();
    sql.batch_execute("update stat_schema_history set checksum = '2' where version = 1")
        .await
        .unwrap();
    let error = migrations::migrate(&mut setup.session().await).await.unwrap_err();
    assert!(error.to_string().contains("another migration V1"), "{error:#}");
}
