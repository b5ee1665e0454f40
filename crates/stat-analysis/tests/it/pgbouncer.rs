//! Months through PgBouncer in transaction mode, which gives each transaction another connection of the server.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use local_stack::postgres::connect;
use local_stack::{MonthStack, PgBouncer, PostgresServer};
use tokio_postgres::SimpleQueryMessage;

use crate::setup::{
    POOL_SIZE, POOLED, TIMEOUT, add_text, connect_functions, hold_tasks, moto, october, results, rows,
};

const BUILDINGS: usize = 32;

/// Creates a month with eight tasks of four buildings.
async fn month_of_eight_tasks(postgres: &PostgresServer) -> MonthStack {
    let month = MonthStack::new(postgres, moto().await).await.unwrap();
    for number in 0..BUILDINGS {
        let id = format!("B{number:02}");
        month.add_building(&id, &id, None).await.unwrap();
        for text in [
            "지하주차장 누수가 심합니다",
            "승강기가 고장났어요",
            "층간소음 때문에 잠을 못자요",
        ] {
            let text = format!("{text} {number}호 앞 주차권 정산기");
            add_text(&month, &id, "2026-10", &text).await;
        }
    }
    month
}

fn deploy_eight_at_once(month: &MonthStack) {
    let mut analysis = month.stat_analysis();
    analysis.concurrency = 8;
    month
        .emulator
        .deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "12"));
    month.emulator.deploy(analysis);
}

/// Everything that a session can set and that our transactions set, the named statements, and the session's locks.
const SETTINGS: &str = "
select concat_ws(' ', current_setting('synchronous_commit'), current_setting('statement_timeout'),
                 current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
                 current_setting('timezone'), current_setting('work_mem'), current_setting('search_path'),
                 (select count(*) from pg_prepared_statements),
                 (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()))";

/// A client of the same pool that looks at its own settings until the month has ended.
struct Neighbour {
    has_ended: Arc<AtomicBool>,
    looks: tokio::task::JoinHandle<(usize, BTreeSet<String>)>,
}

impl Neighbour {
    async fn start(url: &str) -> Self {
        let client = connect(url).await.unwrap();
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&has_ended);
        let looks = tokio::spawn(async move {
            let (mut looks, mut seen) = (0, BTreeSet::new());
            while !ended.load(Ordering::Relaxed) {
                seen.extend(values(&client.simple_query(SETTINGS).await.unwrap(), 0));
                looks += 1;
            }
            (looks, seen)
        });
        Self { has_ended, looks }
    }

    async fn end(self) -> (usize, BTreeSet<String>) {
        self.has_ended.store(true, Ordering::Relaxed);
        self.looks.await.unwrap()
    }
}

fn values(messages: &[SimpleQueryMessage], column: usize) -> Vec<String> {
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(column).map(str::to_owned),
        _ => None,
    });
    rows.collect()
}

/// Samples PgBouncer's pool: the most clients that waited, and the most connections of the server.
async fn watch_pool(url: String, has_ended: Arc<AtomicBool>) -> (u64, u64) {
    let client = connect(&url).await.unwrap();
    let mut most = (0, 0);
    while !has_ended.load(Ordering::Relaxed) {
        let pools = client.simple_query("show pools").await.unwrap();
        for message in &pools {
            if let SimpleQueryMessage::Row(row) = message
                && row
                    .get("database")
                    .is_some_and(|database| database.starts_with("stat_"))
            {
                let number = |column| {
                    row.get(column)
                        .and_then(|text| text.parse::<u64>().ok())
                        .unwrap_or(0)
                };
                let servers = number("sv_active") + number("sv_idle") + number("sv_used");
                most = (most.0.max(number("cl_waiting")), most.1.max(servers));
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    most
}

#[tokio::test]
#[allow(
    clippy::print_stdout,
    reason = "with --nocapture, the figures of pool and neighbour"
)]
async fn eight_tasks_share_four_connections_with_a_neighbour_that_keeps_its_settings() {
    let postgres = PostgresServer::start_own().await.unwrap();
    let pgbouncer = PgBouncer::start(&postgres.url("postgres"), POOL_SIZE)
        .await
        .unwrap();
    let direct = month_of_eight_tasks(&postgres).await;
    deploy_eight_at_once(&direct);
    direct.run(&october()).await.unwrap();

    let mut month = month_of_eight_tasks(&postgres).await;
    connect_functions(&mut month, &pgbouncer);
    deploy_eight_at_once(&month);
    let before = connect(&month.functions_database_url).await.unwrap();
    let before = values(&before.simple_query(SETTINGS).await.unwrap(), 0);
    let neighbour = Neighbour::start(&month.functions_database_url).await;
    let pool = tokio::spawn(watch_pool(
        pgbouncer.url("pgbouncer"),
        neighbour.has_ended.clone(),
    ));
    hold_tasks(&month).await;
    assert_eq!(rows(&month, "select count(*) from stat_task").await, ["(8)"]);
    month.emulator.deliver_all();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    let (looks, seen) = neighbour.end().await;
    let (waiting, servers) = pool.await.unwrap();
    println!("{looks} looks saw {seen:?}; at most {waiting} clients waited for {servers} connections");

    assert_eq!(seen.into_iter().collect::<Vec<_>>(), before);
    assert!(looks > 20, "{looks} looks");
    assert_eq!(servers, POOL_SIZE as u64);
    let locks = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(rows(&month, locks).await, ["(0)"]);
    let attempts = "select max(attempts) from stat_task_building";
    assert_eq!(rows(&month, attempts).await, ["(1)"]);
    assert_eq!(results(&month).await, results(&direct).await);
    assert_eq!(month.topic.mails().await.unwrap().len(), 1);
    assert_eq!(month.emulator.dead_letters(), Vec::<String>::new());
}

#[tokio::test]
#[allow(
    clippy::disallowed_methods,
    reason = "the tests run themselves again, with another environment"
)]
async fn every_disturbance_and_failure_ends_the_same_through_a_pool() {
    let program = std::env::current_exe().unwrap();
    let mut tests = tokio::process::Command::new(program);
    tests.args(["disturbances::", "failures::", "--test-threads=4"]);
    tests.env(POOLED, "1").stdin(Stdio::null()).kill_on_drop(true);
    let output = tests.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("running 0 tests"), "{text}");
}
