//! What the tests share: two servers, and a small month.

use local_stack::{Month, Moto, PostgresServer};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();
static MOTO: OnceCell<Moto> = OnceCell::const_new();

/// A database, a bucket, a topic and a Lambda of the test's own, on servers that all tests share.
pub async fn empty_month() -> Month {
    let postgres = POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap();
    let moto = MOTO.get_or_try_init(Moto::start).await.unwrap();
    Month::new(postgres, moto).await.unwrap()
}

/// Four buildings with eleven texts in October 2026, in two tasks where a task takes six texts.
pub async fn small_month() -> Month {
    let month = empty_month().await;
    for (id, name) in [("B1", "한빛 오피스텔"), ("B2", "은솔 아파트"), ("B3", "테크 지식산업센터"), ("B4", "새길 빌딩")]
    {
        month.add_building(id, name, None).await.unwrap();
    }
    for (building, day, text) in [
        ("B1", 1, "엘리베이터가 또 고장났어요. 엘리베이터 수리 부탁드립니다"),
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
    month
}

/// The month's own event.
pub fn october() -> Value {
    json!({"time": "2026-10-31T16:00:00Z"})
}

/// Everything that a run leaves behind, without its id: what must be the same whatever happened on the way.
#[derive(Debug, PartialEq)]
pub struct Left {
    pub rows: Vec<String>,
    pub csv: String,
    pub html: String,
    pub mails: usize,
}

pub async fn left(month: &Month) -> Left {
    let mut rows = Vec::new();
    for query in [
        "select 'run', p.period_id, r.state from stat_period p join stat_run r on r.run_id = current_run_id",
        "select 'building', period_id, building_id, documents, morphemes from stat_building",
        "select 'term', building_id, term, frequency, documents from stat_term",
        "select 'keyword', period_id, building_id, rank, term, frequency, documents, z_score, previous_frequency,
                share_change from stat_keyword",
        "select 'task', task, state from stat_task join stat_period on current_run_id = run_id",
        "select 'task building', building_id, b.state from stat_task_building b
         join stat_period on current_run_id = run_id",
    ] {
        let query = format!("select q::text from ({query}) q order by 1");
        rows.extend(month.sql.query(&query, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    Left {
        rows,
        csv: String::from_utf8(month.report(".csv").await.unwrap()).unwrap(),
        html: String::from_utf8(month.report(".html").await.unwrap()).unwrap(),
        mails: month.topic.mails().await.unwrap().len(),
    }
}
