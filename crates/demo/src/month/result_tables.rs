//! Queries over the tables of `stat-prep` and `stat-analysis`, independent of the functions' own code.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, SimpleQueryMessage};
use uuid::Uuid;

use crate::output::{grouped, table};

/// Tables that `stat-prep` fills, each with a condition for its own rows.
const PLAN: [(&str, &str); 5] = [
    ("stat_dimension", "true"),
    ("stat_period", "true"),
    ("stat_run", "true"),
    ("stat_task", "task > 0"),
    ("stat_task_building", "true"),
];

/// Counts the rows of the plan's tables. A table that does not exist yet has none.
pub(super) async fn plan_rows(sql: &Client) -> Result<Map<String, Value>> {
    let mut rows = Map::new();
    for (table, condition) in PLAN {
        let count = match exists(sql, table).await? {
            true => count(sql, &format!("{table} where {condition}"), &[]).await?,
            false => 0,
        };
        rows.insert(table.to_owned(), count.into());
    }
    Ok(rows)
}

/// The differences between two results of [`plan_rows`].
pub(super) fn added(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let number = |rows: &Map<String, Value>, table: &str| rows[table].as_i64().unwrap_or_default();
    let added = |table: &String| number(after, table) - number(before, table);
    after
        .keys()
        .map(|table| (table.clone(), added(table).into()))
        .collect()
}

/// Counts the rows that a task has written.
pub(super) async fn task_rows(sql: &Client, run_id: Uuid, task: i32) -> Result<Map<String, Value>> {
    let mut rows = Map::new();
    for table in ["stat_building", "stat_term"] {
        let from = format!(
            "{table} join stat_task_building using (run_id, building_id) where run_id = $1 and task = $2"
        );
        rows.insert(
            table.to_owned(),
            count(sql, &from, &[&run_id, &task]).await?.into(),
        );
    }
    Ok(rows)
}

/// Counts the rows of a run in a table of results.
pub(super) async fn run_rows(sql: &Client, table: &str, run_id: Uuid) -> Result<i64> {
    count(sql, &format!("{table} where run_id = $1"), &[&run_id]).await
}

async fn count(sql: &Client, from: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<i64> {
    let row = sql
        .query_one(&format!("select count(*) from {from}"), parameters)
        .await;
    Ok(row
        .with_context(|| format!("could not count the rows of {from}"))?
        .get(0))
}

/// Returns whether a table or view exists.
pub(super) async fn exists(sql: &Client, name: &str) -> Result<bool> {
    let row = sql
        .query_one("select to_regclass($1) is not null", &[&name])
        .await;
    Ok(row.with_context(|| format!("could not look up {name}"))?.get(0))
}

/// Reads the period of a run, `2026-10`.
pub(super) async fn period(sql: &Client, run_id: Uuid) -> Result<String> {
    let row = sql
        .query_one("select period_id from stat_run where run_id = $1", &[&run_id])
        .await;
    Ok(row
        .with_context(|| format!("could not read the run {run_id}"))?
        .get(0))
}

/// Columns of the view `stat_status` for a month.
#[derive(Debug, Deserialize)]
pub(crate) struct Month {
    #[serde(rename = "period_id")]
    pub period: String,
    pub state: String,
    pub tasks: i64,
    pub tasks_done: i64,
    pub buildings: i64,
    pub buildings_done: i64,
    pub buildings_failed: i64,
    pub documents: i64,
    pub analyser: Option<String>,
}

impl Month {
    pub(crate) fn progress(&self) -> String {
        let (tasks, done) = (self.tasks, self.tasks_done);
        format!(
            "{}: {done}/{tasks} tasks, {}/{} buildings, {} texts{}",
            self.period,
            grouped(self.buildings_done),
            grouped(self.buildings),
            grouped(self.documents),
            if done == tasks { "; writing the report" } else { "" }
        )
    }
}

/// Reads the months that have a run, the latest first.
pub(super) async fn months(sql: &Client) -> Result<Vec<Month>> {
    let rows = sql.query("select to_json(s)::text from stat_status s", &[]).await;
    let rows = rows.context("could not read the view stat_status")?;
    let month = |row: &Row| serde_json::from_str(row.get(0)).context("stat_status has unexpected columns");
    rows.iter().map(month).collect()
}

/// Prints the state of all months.
pub(super) async fn print_months(sql: &Client) -> Result<()> {
    let query = "
        select period_id as period, state, tasks_done || '/' || tasks as tasks,
               buildings_done || '/' || buildings as buildings, buildings_failed as failed,
               to_char(documents, 'FM999,999,999') as texts, to_char(morphemes, 'FM999,999,999') as morphemes,
               round(extract(epoch from took), 1) || ' s' as duration,
               to_char(mailed_at at time zone 'Asia/Seoul', 'YYYY-MM-DD HH24:MI') as \"mailed (Seoul)\"
        from stat_status";
    print_query(sql, query, 2..8).await
}

/// Prints the five most distinctive terms of each of the four buildings with the most texts.
pub(super) async fn print_terms(sql: &Client, run_id: Uuid) -> Result<()> {
    let query = format!("
        select case rank when 1 then name else '' end as building,
               case rank when 1 then to_char(b.documents, 'FM999,999,999') else '' end as texts,
               term, to_char(frequency, 'FM999,999,999') as count, to_char(k.documents, 'FM999,999,999') as \"in texts\",
               to_char(z_score, 'FM990.0') as \"z-score\",
               to_char(previous_frequency, 'FM999,999,999') as \"previous month\",
               to_char(share_change * 100, 'FMSG990.00') || ' pp' as share
        from (select * from stat_building where run_id = '{run_id}' order by documents desc, building_id limit 4) b
        join stat_keyword k using (run_id, building_id) join stat_dimension using (building_id)
        where rank <= 5 order by b.documents desc, building_id, rank");
    print_query(sql, &query, [1, 3, 4, 5, 6, 7]).await
}

/// Prints the rows of a query, with the columns in `right` aligned to the right.
async fn print_query(sql: &Client, query: &str, right: impl IntoIterator<Item = usize>) -> Result<()> {
    let messages = sql.simple_query(query).await;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for message in messages.with_context(|| format!("could not run {query}"))? {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                rows.push(columns.iter().map(|column| column.name().to_owned()).collect());
            }
            SimpleQueryMessage::Row(row) => {
                let cell = |column| row.get(column).unwrap_or("–").to_owned();
                rows.push((0..row.len()).map(cell).collect());
            }
            _ => {}
        }
    }
    table(rows, right);
    Ok(())
}
