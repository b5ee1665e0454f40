//! A run: one computation of one month.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{GenericClient, Row, Transaction};
use uuid::Uuid;

use crate::period::Period;

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The run is planned, and no task has begun.
    Queued,
    /// At least one task has begun.
    Running,
    /// The report is written and complete.
    Done,
    /// The report is written, and lacks the failed buildings.
    Partial,
    /// The run was abandoned: another one was forced before it ended.
    Failed,
}

impl RunState {
    /// Returns the name of the state in the ledger and in the functions' responses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }

    /// Returns whether the run has not ended, so that its tasks may be invoked.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    fn parse(text: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Running,
            Self::Done,
            Self::Partial,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A run's row in the ledger.
#[derive(Clone, Debug)]
pub struct Run {
    /// Id of the run.
    pub id: Uuid,
    /// Month that the run computes.
    pub period: Period,
    /// State of the run.
    pub state: RunState,
    /// `true` if the run ends with a mail.
    pub mail: bool,
    /// Id of the partial run that this run corrects.
    pub corrects: Option<Uuid>,
    /// First instant of the period.
    pub starts_at: Timestamp,
    /// First instant after the period.
    pub ends_at: Timestamp,
    /// Version of analyser, dictionaries and stop words, pinned by the first task.
    pub analyser: Option<String>,
    /// Number of texts in the period without a known building.
    pub unknown_texts: i64,
    /// Ids of some of the unknown buildings.
    pub unknown_buildings: Vec<String>,
    /// SNS's id of the mail.
    pub message_id: Option<String>,
    /// Time at which the mail was sent.
    pub mailed_at: Option<Timestamp>,
    /// Number of tasks, without the report.
    pub tasks: i64,
}

const COLUMNS: &str = "run.run_id, run.period_id, run.state, run.mail, run.corrects_run_id, run.starts_at,
    run.ends_at, run.analyser, run.unknown_texts, run.unknown_buildings, run.message_id, run.mailed_at,
    (select count(*) from stat_task where stat_task.run_id = run.run_id and task > 0) as tasks";

impl Run {
    fn from_row(row: &Row) -> anyhow::Result<Self> {
        let id: Uuid = row.get("run_id");
        let state: &str = row.get("state");
        Ok(Self {
            id,
            period: row.get::<_, &str>("period_id").parse()?,
            state: RunState::parse(state)
                .with_context(|| format!("run {id} has the unknown state {state}"))?,
            mail: row.get("mail"),
            corrects: row.get("corrects_run_id"),
            starts_at: row.get("starts_at"),
            ends_at: row.get("ends_at"),
            analyser: row.get("analyser"),
            unknown_texts: row.get("unknown_texts"),
            unknown_buildings: row.get("unknown_buildings"),
            message_id: row.get("message_id"),
            mailed_at: row.get("mailed_at"),
            tasks: row.get("tasks"),
        })
    }
}

/// Reads the run with this id.
///
/// # Errors
/// When there is no such run, or the database fails.
pub async fn get(client: &impl GenericClient, run_id: Uuid) -> anyhow::Result<Run> {
    let row = client
        .query_typed_opt(
            &format!("select {COLUMNS} from stat_run run where run_id = $1"),
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not read run {run_id}"))?;
    Run::from_row(&row.ok_or_else(|| anyhow!("the ledger has no run {run_id}"))?)
}

/// Reads the run of the period that the Lambda request `request_id` opened.
///
/// # Errors
/// When the database fails.
pub async fn find_by_request(
    client: &impl GenericClient,
    period: Period,
    request_id: &str,
) -> anyhow::Result<Option<Run>> {
    let query = format!("select {COLUMNS} from stat_run run where period_id = $1 and request_id = $2");
    let row = client
        .query_typed_opt(
            &query,
            &[(&period.to_string(), Type::TEXT), (&request_id, Type::TEXT)],
        )
        .await;
    row.with_context(|| format!("could not look up the run of {period} that request {request_id} opened"))?
        .as_ref()
        .map(Run::from_row)
        .transpose()
}

/// Reads all runs that have not ended, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn open_runs(client: &impl GenericClient) -> anyhow::Result<Vec<Run>> {
    let query = format!(
        "select {COLUMNS} from stat_run run where state in ('queued', 'running') order by opened_at, run_id"
    );
    let rows = client
        .query_typed(&query, &[])
        .await
        .context("could not read the open runs")?;
    rows.iter().map(Run::from_row).collect()
}

/// Reads the current run of the period, without a lock.
///
/// # Errors
/// When the database fails.
pub async fn current(client: &impl GenericClient, period: Period) -> anyhow::Result<Option<Run>> {
    let query = format!(
        "select {COLUMNS} from stat_run run join stat_period on current_run_id = run.run_id
         where stat_period.period_id = $1"
    );
    let row = client
        .query_typed_opt(&query, &[(&period.to_string(), Type::TEXT)])
        .await;
    row.with_context(|| format!("could not look up the current run of {period}"))?
        .as_ref()
        .map(Run::from_row)
        .transpose()
}

/// Adds the period to the ledger if it is missing, and locks it until the transaction ends. Returns the id
/// of the current run.
///
/// The accident prevented: two schedules at the same moment would each see no run and open one.
///
/// # Errors
/// When the database fails.
pub async fn lock_period(transaction: &Transaction<'_>, period: Period) -> anyhow::Result<Option<Uuid>> {
    let id = period.to_string();
    transaction
        .execute_typed(
            "insert into stat_period (period_id, start_date, end_date) values ($1, $2, $3) on conflict do nothing",
            &[
                (&id, Type::TEXT),
                (&period.start(), Type::DATE),
                (&period.end(), Type::DATE),
            ],
        )
        .await
        .with_context(|| format!("could not add the period {id} to the ledger"))?;
    let row = transaction
        .query_typed_one(
            "select current_run_id from stat_period where period_id = $1 for update",
            &[(&id, Type::TEXT)],
        )
        .await
        .with_context(|| format!("could not lock the period {id}"))?;
    Ok(row.get(0))
}

/// A building and its number of texts in the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildingLoad {
    /// Id of the building.
    pub building_id: String,
    /// Number of texts when the run is planned.
    pub texts: u64,
}

/// Contents of a new run.
pub struct NewRun<'a> {
    /// Month that the run computes.
    pub period: Period,
    /// Id of the Lambda request that opens the run.
    pub request_id: &'a str,
    /// `true` if the run ends with a mail.
    pub mail: bool,
    /// First instant of the period.
    pub starts_at: Timestamp,
    /// First instant after the period.
    pub ends_at: Timestamp,
    /// Each task's buildings, from task 1.
    pub tasks: &'a [Vec<BuildingLoad>],
    /// Number of texts in the period without a known building.
    pub unknown_texts: i64,
    /// Ids of some of the unknown buildings.
    pub unknown_buildings: &'a [String],
    /// Partial run that the new one corrects. The results of its other buildings are copied from it, and
    /// the version of the analyser that made them is pinned.
    pub corrects: Option<&'a Run>,
}

/// Opens a run and makes it the current one. Needs the period's lock ([`lock_period`]).
///
/// If the run has no tasks, the report is queued at once.
///
/// # Errors
/// When the database fails, or another run of the period is open.
pub async fn open(transaction: &Transaction<'_>, new: &NewRun<'_>) -> anyhow::Result<Run> {
    let id = Uuid::new_v4();
    let period = new.period.to_string();
    let opened = || format!("could not open a run for {period}");
    insert_run(transaction, id, new).await.with_context(opened)?;
    insert_tasks(transaction, id, new.tasks)
        .await
        .with_context(opened)?;
    if let Some(corrected) = new.corrects {
        ensure!(
            has_its_terms(transaction, corrected.id)
                .await
                .with_context(opened)?,
            "the terms of {period} were removed (STAT_KEEP_MONTHS), so its failed buildings cannot be compared with \
             the others: count the whole month with {{\"period\":\"{period}\",\"force\":true}}"
        );
        copy_results(transaction, corrected.id, id)
            .await
            .with_context(opened)?;
    }
    transaction
        .execute_typed(
            "update stat_period set current_run_id = $1 where period_id = $2",
            &[(&id, Type::UUID), (&period, Type::TEXT)],
        )
        .await
        .with_context(opened)?;
    get(transaction, id).await
}

async fn insert_run(
    transaction: &Transaction<'_>,
    id: Uuid,
    new: &NewRun<'_>,
) -> Result<(), tokio_postgres::Error> {
    transaction
        .execute_typed(
            "insert into stat_run (run_id, period_id, request_id, mail, corrects_run_id, starts_at, ends_at,
                                   analyser, unknown_texts, unknown_buildings)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                (&id, Type::UUID),
                (&new.period.to_string(), Type::TEXT),
                (&new.request_id, Type::TEXT),
                (&new.mail, Type::BOOL),
                (&new.corrects.map(|run| run.id), Type::UUID),
                (&new.starts_at, Type::TIMESTAMPTZ),
                (&new.ends_at, Type::TIMESTAMPTZ),
                (&new.corrects.and_then(|run| run.analyser.as_deref()), Type::TEXT),
                (&new.unknown_texts, Type::INT8),
                (&new.unknown_buildings, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

async fn insert_tasks(
    transaction: &Transaction<'_>,
    run_id: Uuid,
    tasks: &[Vec<BuildingLoad>],
) -> Result<(), tokio_postgres::Error> {
    let last = i32::try_from(tasks.len()).unwrap_or(i32::MAX);
    let first = if tasks.is_empty() { 0 } else { 1 };
    transaction
        .execute_typed(
            "insert into stat_task (run_id, task) select $1, generate_series($2, $3)",
            &[(&run_id, Type::UUID), (&first, Type::INT4), (&last, Type::INT4)],
        )
        .await?;
    let numbered = || {
        (1_i32..)
            .zip(tasks)
            .flat_map(|(task, buildings)| buildings.iter().map(move |building| (task, building)))
    };
    let numbers: Vec<i32> = numbered().map(|(task, _)| task).collect();
    let ids: Vec<&str> = numbered()
        .map(|(_, building)| building.building_id.as_str())
        .collect();
    let texts: Vec<i64> = numbered()
        .map(|(_, building)| i64::try_from(building.texts).unwrap_or(i64::MAX))
        .collect();
    transaction
        .execute_typed(
            "insert into stat_task_building (run_id, task, building_id, texts)
             select $1, * from unnest($2, $3, $4)",
            &[
                (&run_id, Type::UUID),
                (&numbers, Type::INT4_ARRAY),
                (&ids, Type::TEXT_ARRAY),
                (&texts, Type::INT8_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Reports whether the terms of an ended run are still there. [`remove_old_terms`](super::report::remove_old_terms)
/// keeps the keywords made of them.
async fn has_its_terms(transaction: &Transaction<'_>, run_id: Uuid) -> Result<bool, tokio_postgres::Error> {
    let query = "select exists (select from stat_term where run_id = $1)
                        or not exists (select from stat_keyword where run_id = $1)";
    let row = transaction
        .query_typed_one(query, &[(&run_id, Type::UUID)])
        .await?;
    Ok(row.get(0))
}

async fn copy_results(
    transaction: &Transaction<'_>,
    from: Uuid,
    to: Uuid,
) -> Result<(), tokio_postgres::Error> {
    for statement in [
        "insert into stat_building (run_id, period_id, building_id, documents, morphemes)
         select $2, period_id, building_id, documents, morphemes from stat_building where run_id = $1",
        "insert into stat_term (run_id, building_id, term, frequency, documents)
         select $2, building_id, term, frequency, documents from stat_term where run_id = $1",
        "insert into stat_category (run_id, building_id, category, documents)
         select $2, building_id, category, documents from stat_category where run_id = $1",
    ] {
        let runs = &[(&from as &(dyn ToSql + Sync), Type::UUID), (&to, Type::UUID)];
        transaction.execute_typed(statement, runs).await?;
    }
    Ok(())
}

/// Abandons an open run in favour of another one: its state becomes `failed`. Needs the period's lock.
///
/// # Errors
/// When the database fails.
pub async fn abandon(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<()> {
    transaction
        .execute_typed(
            "update stat_run set state = 'failed', finished_at = now()
             where run_id = $1 and state in ('queued', 'running')",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not abandon run {run_id}"))?;
    Ok(())
}

/// Reads the ids of a run's failed buildings.
///
/// # Errors
/// When the database fails.
pub async fn failed_buildings(client: &impl GenericClient, run_id: Uuid) -> anyhow::Result<Vec<String>> {
    let rows = client
        .query_typed(
            "select building_id from stat_task_building where run_id = $1 and state = 'failed' order by building_id",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not read the failed buildings of run {run_id}"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Reads the numbers of the unclaimed tasks: queued, or claimed by an invocation that must be dead, since
/// its claim has run out. The report is among them once it is queued.
///
/// # Errors
/// When the database fails.
pub async fn unclaimed_tasks(client: &impl GenericClient, run_id: Uuid) -> anyhow::Result<Vec<i32>> {
    let rows = client
        .query_typed(
            "select task from stat_task
             where run_id = $1 and (state = 'queued' or (state = 'running' and claimed_until <= now()))
             order by task",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not read the tasks of run {run_id}"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Reads the oldest run that has been open for longer than `limit` without a warning. It is locked until the
/// transaction ends, so that two resumes at the same moment publish one warning.
///
/// # Errors
/// When the database fails.
pub async fn next_overdue(transaction: &Transaction<'_>, limit: Duration) -> anyhow::Result<Option<Run>> {
    // For no key update: the foreign keys of buildings being stored are no reason to skip it.
    let query = format!(
        "select {COLUMNS} from stat_run run
         where state in ('queued', 'running') and warned_at is null
           and opened_at <= now() - make_interval(secs => $1)
         order by opened_at, run_id limit 1 for no key update of run skip locked"
    );
    let row = transaction
        .query_typed_opt(&query, &[(&limit.as_secs_f64(), Type::FLOAT8)])
        .await;
    row.context("could not look up overdue runs")?
        .as_ref()
        .map(Run::from_row)
        .transpose()
}

/// Counts the runs that have been open for longer than `limit`, with or without a warning.
///
/// # Errors
/// When the database fails.
pub async fn count_overdue(client: &impl GenericClient, limit: Duration) -> anyhow::Result<i64> {
    let row = client
        .query_typed_one(
            "select count(*) from stat_run
             where state in ('queued', 'running') and opened_at <= now() - make_interval(secs => $1)",
            &[(&limit.as_secs_f64(), Type::FLOAT8)],
        )
        .await
        .context("could not count the overdue runs")?;
    Ok(row.get(0))
}

/// Records that a warning about the run was published.
///
/// # Errors
/// When the database fails.
pub async fn set_warned(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<()> {
    transaction
        .execute_typed(
            "update stat_run set warned_at = now() where run_id = $1",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not record the warning about run {run_id}"))?;
    Ok(())
}
