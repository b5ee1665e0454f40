//! A task: some of a run's buildings, or, as task 0, its report.

use anyhow::{Context, anyhow, bail};
use std::time::Duration;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use crate::fence;
use crate::run::{self, Run};

/// The report's number. It has the same claim, retries and resume as any task.
pub const REPORT: i32 = 0;

/// How long a claim outlives its invocation's deadline: a clock that is off by less than that cannot make
/// two invocations hold one task.
const GRACE: Duration = Duration::from_secs(60);

/// The right to work on a task, until somebody takes it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The run.
    pub run_id: Uuid,
    /// The task's number in it.
    pub task: i32,
    /// Which attempt at the task this is, from 1. Every write carries it: see [`crate::fence`].
    pub attempt: i32,
}

/// What came of asking for a task.
pub enum Claimed {
    /// It is the caller's.
    Granted(Claim, Box<Run>),
    /// Another invocation works on it and may still be alive.
    Busy,
    /// It is finished. `report_waits` says that the run's report is queued: perhaps the invocation that
    /// ended the last task died before it could hand the report out.
    Done {
        /// The report is queued.
        report_waits: bool,
    },
    /// Another run of the month counts now.
    Superseded,
}

/// A task that is asked for under another analyser than the run began with: the month's numbers would not
/// be comparable with each other.
#[derive(Debug, thiserror::Error)]
#[error(
    "run {run_id} was begun with the analyser \"{pinned}\", this is \"{mine}\": deploy that one again, or force the month"
)]
pub struct ForeignAnalyser {
    run_id: Uuid,
    pinned: String,
    mine: String,
}

/// Asks for a task.
///
/// The same request id takes a claim over at once: AWS keeps it when it retries an event, and it retries
/// only what has ended. Any other invocation waits until the claim has run out by the database's clock:
/// AWS delivers an event twice now and then.
///
/// `analyser` is the caller's version; the first task pins it. The report passes none.
///
/// # Errors
/// When there is no such task (the report is none before the last task has ended), for a
/// [`ForeignAnalyser`], and when the database fails.
pub async fn claim(
    client: &mut Client,
    run_id: Uuid,
    task: i32,
    request_id: &str,
    time_left: Duration,
    analyser: Option<&str>,
) -> anyhow::Result<Claimed> {
    let transaction = client
        .transaction()
        .await
        .context("could not begin a transaction")?;
    if !fence::is_current(&transaction, run_id).await? {
        // Also says so when there is no such run at all.
        run::get(&transaction, run_id).await?;
        return Ok(Claimed::Superseded);
    }
    fence::lock_run_row(&transaction, run_id).await?;
    let Some(found) = lock_task(&transaction, run_id, task).await? else {
        return Err(no_such_task(&transaction, run_id, task).await?);
    };
    match found.state.as_str() {
        "done" | "failed" => {
            return Ok(Claimed::Done {
                report_waits: report_is_queued(&transaction, run_id).await?,
            });
        }
        "running" if found.is_alive && found.request_id.as_deref() != Some(request_id) => {
            return Ok(Claimed::Busy);
        }
        _ => {}
    }
    if let Some(analyser) = analyser {
        pin_analyser(&transaction, run_id, analyser).await?;
    }
    let attempt = found.attempt + 1;
    let lease = (time_left + GRACE).as_secs_f64();
    transaction
        .execute(
            "update stat_task
             set state = 'running', attempt = $3, request_id = $4, started_at = coalesce(started_at, now()),
                 claimed_until = now() + make_interval(secs => $5)
             where run_id = $1 and task = $2",
            &[&run_id, &task, &attempt, &request_id, &lease],
        )
        .await
        .with_context(|| format!("could not claim task {task} of run {run_id}"))?;
    transaction
        .execute(
            "update stat_run set state = 'running' where run_id = $1 and state = 'queued'",
            &[&run_id],
        )
        .await
        .with_context(|| format!("could not start run {run_id}"))?;
    let run = run::get(&transaction, run_id).await?;
    transaction
        .commit()
        .await
        .with_context(|| format!("could not claim task {task} of run {run_id}"))?;
    Ok(Claimed::Granted(
        Claim {
            run_id,
            task,
            attempt,
        },
        Box::new(run),
    ))
}

struct Found {
    state: String,
    attempt: i32,
    request_id: Option<String>,
    is_alive: bool,
}

async fn lock_task(transaction: &Transaction<'_>, run_id: Uuid, task: i32) -> anyhow::Result<Option<Found>> {
    let row = transaction
        .query_opt(
            "select state, attempt, request_id, coalesce(claimed_until > now(), false)
             from stat_task where run_id = $1 and task = $2 for update",
            &[&run_id, &task],
        )
        .await
        .with_context(|| format!("could not lock task {task} of run {run_id}"))?;
    Ok(row.map(|row| Found {
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
        .query_opt(
            "select from stat_task where run_id = $1 and task = 0 and state = 'queued'",
            &[&run_id],
        )
        .await
        .with_context(|| format!("could not look up the report of run {run_id}"))?;
    Ok(row.is_some())
}

async fn count_unfinished(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<i64> {
    let row = transaction
        .query_one(
            "select count(*) from stat_task where run_id = $1 and task > 0 and state in ('queued', 'running')",
            &[&run_id],
        )
        .await
        .with_context(|| format!("could not count the unfinished tasks of run {run_id}"))?;
    Ok(row.get(0))
}

async fn pin_analyser(transaction: &Transaction<'_>, run_id: Uuid, mine: &str) -> anyhow::Result<()> {
    let row = transaction
        .query_one(
            "update stat_run set analyser = coalesce(analyser, $2) where run_id = $1 returning analyser",
            &[&run_id, &mine],
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

/// Ends a task all of whose buildings are done or failed. `true` says that it was the last one:
/// the report is queued now, and the caller hands it out.
///
/// The run's row is locked first, so that of two last tasks exactly one sees that it is the last.
///
/// # Errors
/// When a building of the task is unfinished, when the claim is [`fence::Lost`], or the database fails.
pub async fn finish(client: &mut Client, claim: &Claim) -> anyhow::Result<bool> {
    let transaction = fence::begin(client, claim, true).await?;
    let Claim { run_id, task, .. } = claim;
    let failed = || format!("could not end task {task} of run {run_id}");
    // On disk before anybody is told; with it, everything that the task has written.
    transaction
        .batch_execute("set local synchronous_commit = on")
        .await
        .with_context(failed)?;
    let unfinished = transaction
        .query_one(
            "select count(*) from stat_task_building
             where run_id = $1 and task = $2 and state in ('queued', 'running')",
            &[&run_id, &task],
        )
        .await
        .with_context(failed)?;
    if unfinished.get::<_, i64>(0) > 0 {
        bail!("task {task} of run {run_id} cannot end: some of its buildings are unfinished");
    }
    transaction
        .execute(
            "update stat_task set state = 'done', finished_at = now(), claimed_until = null
             where run_id = $1 and task = $2",
            &[&run_id, &task],
        )
        .await
        .with_context(failed)?;
    let is_last = count_unfinished(&transaction, *run_id).await? == 0;
    if is_last {
        transaction
            .execute(
                "insert into stat_task (run_id, task) values ($1, 0) on conflict do nothing",
                &[&run_id],
            )
            .await
            .with_context(failed)?;
    }
    transaction.commit().await.with_context(failed)?;
    Ok(is_last)
}

/// Gives a claim back, so that the rest of the task may be claimed at once.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn give_back(client: &mut Client, claim: &Claim) -> anyhow::Result<()> {
    let transaction = fence::begin(client, claim, false).await?;
    let Claim { run_id, task, .. } = claim;
    let failed = || format!("could not give task {task} of run {run_id} back");
    // On disk before the next invocation is told.
    transaction
        .batch_execute("set local synchronous_commit = on")
        .await
        .with_context(failed)?;
    transaction
        .execute(
            "update stat_task set state = 'queued', request_id = null, claimed_until = null
             where run_id = $1 and task = $2",
            &[&run_id, &task],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)?;
    Ok(())
}
