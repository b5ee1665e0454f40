//! What the tests share: two servers, a small month, and what a month leaves behind.

use local_stack::month::connect;
use local_stack::{Decision, Month, Moto, PostgresServer};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();
static MOTO: OnceCell<Moto> = OnceCell::const_new();
static CLEAN: OnceCell<Left> = OnceCell::const_new();

pub const PATIENCE: Duration = Duration::from_secs(60);

pub async fn moto() -> &'static Moto {
    MOTO.get_or_try_init(Moto::start).await.unwrap()
}

/// A database, a bucket, a topic and a Lambda of the test's own, on servers that all tests share.
pub async fn empty_month() -> Month {
    let postgres = POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap();
    Month::new(postgres, moto().await).await.unwrap()
}

/// Four buildings with eleven texts in October 2026.
pub async fn small_month() -> Month {
    let month = empty_month().await;
    fill(&month).await;
    month
}

pub async fn fill(month: &Month) {
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

/// Invokes `stat-prep` as a schedule does, with an event that is delivered twice at the same moment. Returns
/// the request's id.
pub async fn deliver_twice(month: &Month, event: &Value) -> String {
    let request_id = month.emulator.invoke_event("stat-prep", event).unwrap();
    // It can be delivered again as soon as it was delivered once.
    while month.emulator.redeliver(&request_id).is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    month.emulator.idle(PATIENCE).await.unwrap();
    request_id
}

/// Plans the month. Its tasks wait to be delivered until the emulator is calm again.
pub async fn plan(month: &Month) {
    month.emulator.on_invoke(|_| Decision::Hold);
    month
        .emulator
        .invoke("stat-prep", &october())
        .await
        .unwrap()
        .answer()
        .unwrap();
}

/// The month's own event.
pub fn october() -> Value {
    json!({"time": "2026-10-31T16:00:00Z"})
}

/// Everything that a run leaves behind, without its id: what must be the same whatever happened on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    pub rows: Vec<String>,
    pub csv: String,
    pub html: String,
}

pub async fn left(month: &Month) -> Left {
    Left {
        rows: rows(
            month,
            "select 'run', p.period_id, r.state from stat_period p join stat_run r on run_id = current_run_id;
             select 'building', period_id, building_id, documents, morphemes from stat_building;
             select 'term', building_id, term, frequency, documents from stat_term;
             select 'keyword', period_id, building_id, rank, term, frequency, documents, z_score,
                    previous_frequency, share_change from stat_keyword;
             select 'task', task, state from stat_task join stat_period on current_run_id = run_id;
             select 'of a task', building_id, b.state from stat_task_building b
             join stat_period on current_run_id = run_id",
        )
        .await,
        csv: String::from_utf8(month.report(".csv").await.unwrap()).unwrap(),
        html: String::from_utf8(month.report(".html").await.unwrap()).unwrap(),
    }
}

/// The rows of some queries as text, sorted.
pub async fn rows(month: &Month, queries: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for query in queries.split(';') {
        let query = format!("select q::text from ({query}) q order by 1");
        rows.extend(
            month
                .sql
                .query(&query, &[])
                .await
                .unwrap()
                .iter()
                .map(|row| row.get::<_, String>(0)),
        );
    }
    rows
}

/// What the small month leaves behind when nothing goes wrong.
pub async fn clean() -> &'static Left {
    CLEAN
        .get_or_init(|| async {
            let month = small_month().await;
            month.deploy();
            month.run(&october()).await.unwrap();
            left(&month).await
        })
        .await
}

/// The month has ended as if nothing had gone wrong: row for row, with one report and one mail.
pub async fn assert_clean(month: &Month) {
    assert_eq!(&left(month).await, clean().await);
    assert_eq!(month.topic.mails().await.unwrap().len(), 1, "one mail");
}

/// Something in the database that a function has to wait for.
pub struct Obstacle(Client);

impl Obstacle {
    /// `lock` takes a lock, in a transaction that stays open.
    pub async fn put(month: &Month, lock: &str) -> Self {
        let client = connect(&month.database_url).await.unwrap();
        client.batch_execute("begin").await.unwrap();
        client
            .batch_execute(lock)
            .await
            .unwrap_or_else(|error| panic!("{lock}: {error:?}"));
        Self(client)
    }

    /// Waits until `waiting` statements, or more, wait for a lock.
    pub async fn stands_in_the_way_of(&self, month: &Month, waiting: i64) {
        let query = "select count(*) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'";
        let seen = async {
            while month.sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0) < waiting {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, seen)
            .await
            .unwrap_or_else(|_| panic!("nobody waits; {:#?}", month.emulator.invocations()));
    }

    /// Ends the connections that wait for a lock.
    pub async fn drive_away_who_waits(&self, month: &Month) {
        let waiting = "select pg_terminate_backend(pid, 5000) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        month.sql.batch_execute(waiting).await.unwrap();
    }

    /// Takes it away.
    pub async fn remove(self) {
        self.0.batch_execute("rollback").await.unwrap();
    }
}
