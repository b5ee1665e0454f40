//! Shared servers, a small month of texts, and the results of a run.

use std::time::Duration;

pub use local_stack::MonthResults as Results;
use local_stack::postgres::connect;
use local_stack::{Decision, MonthStack, Moto, PgBouncer, PostgresServer, Workbook};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio_postgres::Client;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();
static MOTO: OnceCell<Moto> = OnceCell::const_new();
static PGBOUNCER: OnceCell<PgBouncer> = OnceCell::const_new();
static CLEAN: OnceCell<Results> = OnceCell::const_new();

pub const TIMEOUT: Duration = Duration::from_secs(60);

pub async fn moto() -> &'static Moto {
    MOTO.get_or_try_init(Moto::start).await.unwrap()
}

/// Creates a database, a bucket, a topic and a Lambda for one test, on servers that all tests share.
pub async fn empty_month() -> MonthStack {
    month_in(postgres().await.create_database("stat").await.unwrap()).await
}

/// Creates the same on a database in another server encoding than UTF-8.
pub async fn empty_month_in(encoding: &str) -> MonthStack {
    month_in(
        postgres()
            .await
            .create_database_in("stat", encoding)
            .await
            .unwrap(),
    )
    .await
}

async fn postgres() -> &'static PostgresServer {
    POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap()
}

async fn month_in(database_url: String) -> MonthStack {
    let mut month = MonthStack::in_database(database_url, moto().await).await.unwrap();
    if is_pooled() {
        let server = month.database_url.clone();
        let pgbouncer = PGBOUNCER
            .get_or_try_init(|| PgBouncer::start(&server, POOL_SIZE))
            .await;
        connect_functions(&mut month, pgbouncer.unwrap());
    }
    month
}

/// Environment variable that runs these tests with PgBouncer between the functions and the database.
pub const POOLED: &str = "MONTH_THROUGH_PGBOUNCER";
/// Connections that PgBouncer opens to a test's database.
pub const POOL_SIZE: usize = 4;

#[allow(clippy::disallowed_methods, reason = "read by a test, and not by a function")]
fn is_pooled() -> bool {
    std::env::var_os(POOLED).is_some()
}

/// Lets the functions reach the database through PgBouncer. The test itself reaches it directly.
pub fn connect_functions(month: &mut MonthStack, pgbouncer: &PgBouncer) {
    let database = month.database_url.rsplit('/').next().unwrap_or_default();
    month.functions_database_url = pgbouncer.url(database);
}

/// Puts a PgBouncer of its own before the month's database, if the tests are run so.
pub async fn through_a_pool(month: &mut MonthStack) -> Option<PgBouncer> {
    if !is_pooled() {
        return None;
    }
    let pgbouncer = PgBouncer::start(&month.database_url, POOL_SIZE).await.unwrap();
    connect_functions(month, &pgbouncer);
    Some(pgbouncer)
}

/// Creates a month with four buildings and eleven texts in October 2026.
pub async fn small_month() -> MonthStack {
    let month = empty_month().await;
    fill(&month).await;
    month
}

pub async fn fill(month: &MonthStack) {
    let buildings = [
        ("B1", "한빛 오피스텔"),
        ("B2", "은솔 아파트"),
        ("B3", "테크 지식산업센터"),
        ("B4", "새길 빌딩"),
    ];
    for (id, name) in buildings {
        month.add_building(id, name, None).await.unwrap();
    }
    for (building, day, text) in [
        (
            "B1",
            1,
            "엘리베이터가 또 고장났어요. 엘리베이터 수리 부탁드립니다",
        ),
        ("B1", 5, "엘리베이터 안에서 담배 냄새가 나요ㅠㅠ"),
        ("B1", 9, "승강기 점검은 언제 하나요? 010-0000-1234로 연락주세요"),
        ("B2", 2, "윗집 층간소음이 너무 심합니다"),
        ("B2", 3, "층간소음 때문에 잠을 못자요"),
        ("B2", 31, "지하주차장 누수가 있어요"),
        ("B3", 7, "주차권 정산기가 고장입니다"),
        ("B3", 8, "주차장 정산기 앞에서 30분을 기다렸어요"),
        ("B3", 20, "주차권을 더 주세요"),
        ("B4", 11, "천장에서 누수가 됩니다"),
        ("B4", 12, "누수 공사는 언제 끝나나요"),
    ] {
        let written_at = format!("2026-10-{day:02}T12:00:00+09:00");
        month.add_text(building, &written_at, text).await.unwrap();
    }
}

/// Adds a text of the middle of the month.
pub async fn add_text(month: &MonthStack, building: &str, period: &str, text: &str) {
    let written_at = format!("{period}-15T12:00:00+09:00");
    month.add_text(building, &written_at, text).await.unwrap();
}

pub async fn run_without_mail(month: &MonthStack, period: &str) {
    let event = json!({"period": period, "mail": false});
    month.run(&event).await.unwrap();
}

/// Applies `decision` to every invocation that a function makes; those of the test are delivered.
pub fn on_function_calls(month: &MonthStack, decision: Decision) {
    month.emulator.on_invoke(move |call| match call.caller {
        Some(_) => decision.clone(),
        None => Decision::Deliver,
    });
}

/// Invokes `stat-prep` as a schedule does, with an event that is delivered twice at the same moment. Returns the
/// request id.
pub async fn deliver_twice(month: &MonthStack, event: &Value) -> String {
    let request_id = month.emulator.invoke_event("stat-prep", event).unwrap();
    // The emulator can redeliver an event only after its first delivery.
    while month.emulator.redeliver(&request_id).is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    request_id
}

/// Runs `stat-prep` for October and holds the invocations of its tasks until `deliver_all`.
pub async fn hold_tasks(month: &MonthStack) {
    month.emulator.on_invoke(|_| Decision::Hold);
    month
        .emulator
        .invoke("stat-prep", &october())
        .await
        .unwrap()
        .into_response()
        .unwrap();
}

/// The event of the schedule that runs October.
pub fn october() -> Value {
    json!({"time": "2026-10-31T16:00:00Z"})
}

pub async fn results(month: &MonthStack) -> Results {
    Results::read(month).await.unwrap()
}

/// Reads the workbook of the report.
pub async fn workbook(month: &MonthStack) -> Workbook {
    Workbook::parse(&month.report(".xlsx").await.unwrap()).unwrap()
}

/// Returns the rows of `queries`, separated by semicolons, as text; sorted within each query.
pub async fn rows(month: &MonthStack, queries: &str) -> Vec<String> {
    month.rows(queries).await.unwrap()
}

/// Returns the results of the small month without a disturbance.
pub async fn clean_results() -> &'static Results {
    CLEAN
        .get_or_init(|| async {
            let month = small_month().await;
            month.deploy();
            month.run(&october()).await.unwrap();
            results(&month).await
        })
        .await
}

/// Asserts that the small month has the results of an undisturbed run, row for row, and one mail.
pub async fn assert_clean(month: &MonthStack) {
    assert_eq!(&results(month).await, clean_results().await);
    assert_eq!(month.topic.mails().await.unwrap().len(), 1, "one mail");
}

/// A database lock for which a function has to wait.
pub struct HeldLock(Client);

impl HeldLock {
    /// Takes a lock with the statement `lock`, in a transaction that stays open.
    pub async fn take(month: &MonthStack, lock: &str) -> Self {
        let client = connect(&month.database_url).await.unwrap();
        client.batch_execute("begin").await.unwrap();
        client
            .batch_execute(lock)
            .await
            .unwrap_or_else(|error| panic!("{lock}: {error:?}"));
        Self(client)
    }

    /// Waits until at least `waiters` statements wait for a lock.
    pub async fn wait_for_waiters(&self, month: &MonthStack, waiters: i64) {
        let query = "select count(*) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'";
        let waiting = async {
            while month.sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0) < waiters {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, waiting).await.unwrap_or_else(|_| {
            panic!(
                "fewer than {waiters} statements wait; {:#?}",
                month.emulator.invocations()
            )
        });
    }

    /// Terminates the connections that wait for a lock.
    pub async fn terminate_waiters(&self, month: &MonthStack) {
        let waiting = "select pg_terminate_backend(pid, 5000) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        month.sql.batch_execute(waiting).await.unwrap();
    }

    pub async fn release(self) {
        self.0.batch_execute("rollback").await.unwrap();
    }
}
