//! A task: some of a run's buildings, or, as task 0, its report.

use std::time::Duration;

use anyhow::{Context, anyhow};
use postgres_session::Session;
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::fence::{self, WriteError};
use super::run::{self, Run};

/// Number of the report, a task with the same claim, retries and resume as any other.
pub const REPORT: i32 = 0;

/// Time for which a claim outlives its invocation's deadline: a clock that is off by less than that cannot
/// make two invocations hold one task.
const GRACE: Duration = Duration::from_secs(60);

/// The right to work on a task, until another invocation takes it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Id of the run.
    pub run_id: Uuid,
    /// Number of the task in the run.
    pub task: i32,
    /// Number of this attempt at the task, from 1. Every write carries it: see [`crate::fence`].
    pub attempt: i32,
}

/// Outcome of [`claim`].
pub enum ClaimOutcome {
    /// The caller holds the claim.
    Granted(Claim, Box<Run>),
    /// Another invocation holds the claim and may still be alive.
    Busy,
    /// The task has ended.
    Done {
        /// The run's report is queued: perhaps the invocation that ended the last task died before it
        /// invoked the report.
        report_is_queued: bool,
    },
    /// Another run of the month is current now.
    Superseded,
}

/// Error of a claim under another analyser than the run began with: the month's numbers would not be
/// comparable with each other.
#[derive(Debug, thiserror::Error)]
#[error(
    "run {run_id} began with the analyser \"{pinned}\", and this function has \"{mine}\": \
     deploy the first one again, or force the month"
)]
pub struct ForeignAnalyser {
    run_id: Uuid,
    pinned: String,
    mine: String,
}

/// Claims a task.
///
/// The same request id takes a claim over at once: AWS keeps it when it retries an event, and it retries
/// only an invocation that has ended. Any other invocation waits until the claim has run out by the
/// database's clock: AWS delivers an event twice now and then.
///
/// `analyser` is the caller's version; the first task pins it. The report passes none.
///
/// # Errors
/// When there is no such task (the report does not exist before the last task has ended), for a
/// [`ForeignAnalyser`], and when the database fails.
pub async fn claim(
    session: &mut Session,
    run_id: Uuid,
    task: i32,
    request_id: &str,
    time_left: Duration,
    analyser: Option<&str>,
) -> anyhow::Result<ClaimOutcome> {
    let transaction = session.begin().await?;
    let attempt = match next_attempt(&transaction, run_id, task, request_id).await? {
        Ok(attempt) => attempt,
        Err(outcome) => return Ok(outcome),
    };
    if let Some(analyser) = analyser {
        pin_analyser(&transaction, run_id, analyser).await?;
    }
    let claim = Claim {
        run_id,
        task,
        attempt,
    };
    let failed = || format!("could not claim task {task} of run {run_id}");
    record_claim(&transaction, &claim, request_id, time_left + GRACE)
        .await
        .with_context(failed)?;
    let run = run::get(&transaction, run_id).await?;
    transaction.commit().await.with_context(failed)?;
    Ok(ClaimOutcome::Granted(claim, Box::new(run)))
}

/// Locks run and task, and returns the number of the caller's attempt, or the outcome if it gets no claim.
async fn next_attempt(
    transaction: &Transaction<'_>,
    run_id: Uuid,
    task: i32,
    request_id: &str,
) -> anyhow::Result<Result<i32, ClaimOutcome>> {
    if !fence::is_current(transaction, run_id).await? {
        // Fails if the run does not exist at all.
        run::get(transaction, run_id).await?;
        return Ok(Err(ClaimOutcome::Superseded));
    }
    fence::lock_run_row(transaction, run_id).await?;
    let Some(row) = lock_task(transaction, run_id, task).await? else {
        return Err(no_such_task(transaction, run_id, task).await?);
    };
    match row.state.as_str() {
        "done" | "failed" => Ok(Err(ClaimOutcome::Done {
            report_is_queued: report_is_queued(transaction, run_id).await?,
        })),
        "running" if row.is_alive && row.request_id.as_deref() != Some(request_id) => {
            Ok(Err(ClaimOutcome::Busy))
        }
        _ => Ok(Ok(row.attempt + 1)),
    }
}

struct TaskRow {
    state: String,
    attempt: i32,
    request_id: Option<String>,
    is_alive: bool,
}

async fn lock_task(
    transaction: &Transaction<'_>,
    run_id: Uuid,
    task: i32,
) -> anyhow::Result<Option<TaskRow>> {
    let row = transaction
        .query_typed_opt(
            "select state, attempt, request_id, coalesce(claimed_until > now(), false)
             from stat_task where run_id = $1 and task = $2 for update",
            &[(&run_id, Type::UUID), (&task, Type::INT4)],
        )
        .await
        .with_context(|| format!("could not lock task {task} of run {run_id}"))?;
    Ok(row.map(|row| TaskRow {
        state: row.get(0),
        attempt: row.get(1),
        request_id: row.get(2),
        is_alive: row.get(3),
    }))
}

async fn no_such_task(
    transaction: &Transaction<'_>,
    run_id: Uuid,
    task: i32,
) -> anyhow::Result<anyhow::Error> {
    if task != REPORT {
        return Ok(anyhow!("run {run_id} has no task {task}"));
    }
    let unfinished = count_unfinished(transaction, run_id).await?;
    Ok(anyhow!(
        "the report of run {run_id} waits for {unfinished} tasks that have not ended"
    ))
}

async fn report_is_queued(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<bool> {
    let row = transaction
        .query_typed_opt(
            "select from stat_task where run_id = $1 and task = 0 and state = 'queued'",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not look up the report of run {run_id}"))?;
    Ok(row.is_some())
}

async fn count_unfinished(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<i64> {
    let row = transaction
        .query_typed_one(
            "select count(*) from stat_task where run_id = $1 and task > 0 and state in ('queued', 'running')",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not count the unfinished tasks of run {run_id}"))?;
    Ok(row.get(0))
}

async fn pin_analyser(transaction: &Transaction<'_>, run_id: Uuid, mine: &str) -> anyhow::Result<()> {
    let row = transaction
        .query_typed_one(
            "update stat_run set analyser = coalesce(analyser, $2) where run_id = $1 returning analyser",
            &[(&run_id, Type::UUID), (&mine, Type::TEXT)],
        )
        .await
        .with_context(|| format!("could not pin the analyser of run {run_id}"))?;
    let pinned: String = row.get(0);
    if pinned != mine {
        return Err(ForeignAnalyser {
            run_id,
            pinned,
            mine: mine.to_owned(),
        }
        .into());
    }
    Ok(())
}

async fn record_claim(
    transaction: &Transaction<'_>,
    claim: &Claim,
    request_id: &str,
    lease: Duration,
) -> Result<(), tokio_postgres::Error> {
    let Claim {
        run_id,
        task,
        attempt,
    } = claim;
    transaction
        .execute_typed(
            "update stat_task
             set state = 'running', attempt = $3, request_id = $4, started_at = coalesce(started_at, now()),
                 claimed_until = now() + make_interval(secs => $5)
             where run_id = $1 and task = $2",
            &[
                (run_id, Type::UUID),
                (task, Type::INT4),
                (attempt, Type::INT4),
                (&request_id, Type::TEXT),
                (&lease.as_secs_f64(), Type::FLOAT8),
            ],
        )
        .await?;
    transaction
        .execute_typed(
            "update stat_run set state = 'running' where run_id = $1 and state = 'queued'",
            &[(run_id, Type::UUID)],
        )
        .await?;
    Ok(())
}

/// Ends a task when all of its buildings are done or failed. Returns whether it was the last one: then the
/// report is queued now, and the caller invokes it.
///
/// The run's row is locked first, so that of two last tasks exactly one sees that it is the last.
///
/// # Errors
/// [`WriteError`] when a building of the task is unfinished, the claim is lost, or the database fails.
pub async fn finish(session: &mut Session, claim: &Claim) -> Result<bool, WriteError> {
    let transaction = fence::begin_with_run(session, claim).await?;
    let Claim { run_id, task, .. } = claim;
    let failed = || format!("could not end task {task} of run {run_id}");
    commit_to_disk(&transaction).await.with_context(failed)?;
    let unfinished = transaction
        .query_typed_one(
            "select count(*) from stat_task_building
             where run_id = $1 and task = $2 and state in ('queued', 'running')",
            &[(run_id, Type::UUID), (task, Type::INT4)],
        )
        .await
        .with_context(failed)?;
    if unfinished.get::<_, i64>(0) > 0 {
        return Err(anyhow!(
            "could not end task {task} of run {run_id}: some of its buildings are unfinished"
        )
        .into());
    }
    transaction
        .execute_typed(
            "update stat_task set state = 'done', finished_at = now(), claimed_until = null
             where run_id = $1 and task = $2",
            &[(run_id, Type::UUID), (task, Type::INT4)],
        )
        .await
        .with_context(failed)?;
    let is_last = count_unfinished(&transaction, *run_id).await? == 0;
    if is_last {
        transaction
            .execute_typed(
                "insert into stat_task (run_id, task) values ($1, 0) on conflict do nothing",
                &[(run_id, Type::UUID)],
            )
            .await
            .with_context(failed)?;
    }
    transaction.commit().await.with_context(failed)?;
    Ok(is_last)
}

/// Releases a claim, so that another invocation may claim the rest of the task at once.
///
/// # Errors
/// [`WriteError`] when the claim is lost or the database fails.
pub async fn release(session: &mut Session, claim: &Claim) -> Result<(), WriteError> {
    let transaction = fence::begin(session, claim).await?;
    let Claim { run_id, task, .. } = claim;
    let failed = || format!("could not release task {task} of run {run_id}");
    commit_to_disk(&transaction).await.with_context(failed)?;
    transaction
        .execute_typed(
            "update stat_task set state = 'queued', request_id = null, claimed_until = null
             where run_id = $1 and task = $2",
            &[(run_id, Type::UUID), (task, Type::INT4)],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)?;
    Ok(())
}

/// Makes the commit wait for the disk, as those of [`BuildingWriter`](super::building::BuildingWriter) do not:
/// everything that the task has written is on disk before the next invocation relies on it.
async fn commit_to_disk(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    transaction
        .batch_execute("set local synchronous_commit = on")
        .await
}
