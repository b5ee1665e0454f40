//! What the functions wrote into the database, counted from outside.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

/// The tables that `stat-prep` fills, and which of their rows are its own.
const PLAN: [(&str, &str); 5] = [
    ("stat_dimension", "true"),
    ("stat_period", "true"),
    ("stat_run", "true"),
    ("stat_task", "task > 0"),
    ("stat_task_building", "true"),
];

/// Numbers of rows of the plan's tables; no table is one without rows.
pub async fn plan_rows(sql: &Client) -> Result<Map<String, Value>> {
    let mut rows = Map::new();
    for (table, which) in PLAN {
        let exists: bool = sql
            .query_one("select to_regclass($1) is not null", &[&table])
            .await?
            .get(0);
        let count = match exists {
            true => count(sql, &format!("select count(*) from {table} where {which}")).await?,
            false => 0,
        };
        rows.insert(table.to_owned(), count.into());
    }
    Ok(rows)
}

/// What was added between two of [`plan_rows`].
pub fn added(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let number = |rows: &Map<String, Value>, table: &String| rows[table].as_i64().unwrap_or_default();
    let difference = |table: &String| json!(number(after, table) - number(before, table));
    after
        .keys()
        .map(|table| (table.clone(), difference(table)))
        .collect()
}

/// Rows that a task has written.
pub async fn task_rows(sql: &Client, run_id: Uuid, task: i32) -> Result<Value> {
    let mut rows = Map::new();
    for table in ["stat_building", "stat_term"] {
        let query = format!(
            "select count(*) from {table} join stat_task_building using (run_id, building_id)
             where run_id = $1 and task = $2"
        );
        let row = sql.query_one(&query, &[&run_id, &task]).await;
        let count: i64 = row.with_context(|| format!("could not count {table}"))?.get(0);
        rows.insert(table.to_owned(), count.into());
    }
    Ok(rows.into())
}

/// Rows of a run in a table of results.
pub async fn run_rows(sql: &Client, table: &str, run_id: Uuid) -> Result<i64> {
    let row = sql
        .query_one(
            &format!("select count(*) from {table} where run_id = $1"),
            &[&run_id],
        )
        .await;
    Ok(row.with_context(|| format!("could not count {table}"))?.get(0))
}

async fn count(sql: &Client, query: &str) -> Result<i64> {
    let row = sql.query_one(query, &[]).await;
    Ok(row.with_context(|| format!("could not count: {query}"))?.get(0))
}

/// Whether `stat-prep` has made the ledger.
pub async fn is_there(sql: &Client) -> Result<bool> {
    let row = sql
        .query_one("select to_regclass('stat_status') is not null", &[])
        .await;
    Ok(row.context("could not look for stat_status")?.get(0))
}

/// A month as the view `stat_status` shows it.
#[derive(Clone, Debug)]
pub struct Status {
    pub period: String,
    pub state: String,
    pub tasks: i64,
    pub tasks_done: i64,
    pub buildings: i64,
    pub buildings_done: i64,
    pub buildings_failed: i64,
    pub documents: i64,
    pub morphemes: i64,
    pub took: String,
    pub mailed_at: Option<String>,
    pub analyser: Option<String>,
}

/// The months that have a run, the newest first.
pub async fn status(sql: &Client) -> Result<Vec<Status>> {
    let rows = sql
        .query(
            "select period_id, state, tasks, tasks_done, buildings, buildings_done, buildings_failed, documents,
                    morphemes, round(extract(epoch from took), 1)::text || ' s',
                    to_char(mailed_at at time zone 'Asia/Seoul', 'YYYY-MM-DD HH24:MI'), analyser
             from stat_status",
            &[],
        )
        .await
        .context("could not read stat_status")?;
    let status = |row: &tokio_postgres::Row| Status {
        period: row.get(0),
        state: row.get(1),
        tasks: row.get(2),
        tasks_done: row.get(3),
        buildings: row.get(4),
        buildings_done: row.get(5),
        buildings_failed: row.get(6),
        documents: row.get(7),
        morphemes: row.get(8),
        took: row.get(9),
        mailed_at: row.get(10),
        analyser: row.get(11),
    };
    Ok(rows.iter().map(status).collect())
}

/// A line of the report.
#[derive(Clone, Debug)]
pub struct Term {
    pub building: String,
    pub documents: i64,
    pub term: String,
    pub frequency: i64,
    pub in_documents: i64,
    pub z_score: f64,
    pub previous_frequency: Option<i64>,
    pub share_change: Option<f64>,
}

/// The most distinctive terms of the buildings with the most texts.
pub async fn top_terms(sql: &Client, run_id: Uuid, buildings: i64, terms: i32) -> Result<Vec<Term>> {
    let rows = sql
        .query(
            "select name, b.documents, term, frequency, k.documents, z_score, previous_frequency, share_change
             from (select * from stat_building where run_id = $1 order by documents desc, building_id limit $2) b
             join stat_keyword k using (run_id, building_id) join stat_dimension using (building_id)
             where rank <= $3 order by b.documents desc, building_id, rank",
            &[&run_id, &buildings, &terms],
        )
        .await
        .context("could not read stat_keyword")?;
    let term = |row: &tokio_postgres::Row| Term {
        building: row.get(0),
        documents: row.get(1),
        term: row.get(2),
        frequency: row.get(3),
        in_documents: row.get(4),
        z_score: row.get(5),
        previous_frequency: row.get(6),
        share_change: row.get(7),
    };
    Ok(rows.iter().map(term).collect())
}
