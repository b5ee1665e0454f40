//! The check that precedes every write: does my run still count, and is the task still mine?

use anyhow::Context;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, Transaction};
use uuid::Uuid;

use crate::task::Claim;

/// Why a writer may not write. Every function that writes under a [`Claim`] fails with this when it holds,
/// and has then written nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Another run of the month counts now.
    ///
    /// The accident prevented: an operator forces the month again, while a task of the old run still
    /// works; its late results, report or mail would mix with the new ones.
    #[error("another run of the month counts now")]
    Superseded,
    /// Another invocation has taken the task over.
    ///
    /// The accident prevented: an invocation is frozen, its lease runs out, a second one does the work,
    /// and then the first wakes up and goes on writing: a zombie.
    #[error("another invocation has taken the task over")]
    TakenOver,
}

/// What precedes every write, as a part of its statement: `period` and `mine` have a row each where the
/// write is allowed, and hold it until the transaction ends. The parameters are run, task and attempt.
pub(crate) const FENCE: &str = "
period as materialized (select from stat_period where current_run_id = $1 for share),
mine as materialized (
    select from stat_task
    where run_id = $1 and task = $2 and attempt = $3 and state = 'running'
      and exists (select from period)
    for update)";

/// Begins a transaction that holds what it checks: a share lock on the period, which a new run must wait
/// for, and the task's row, which a take-over must wait for.
///
/// Locks are always taken in the order period, run, task, building, so that two transactions never wait
/// for each other. `lock_run` takes the run's row as well.
///
/// # Errors
/// [`Lost`], or when the database fails.
pub async fn begin<'c>(
    client: &'c mut Client,
    claim: &Claim,
    lock_run: bool,
) -> anyhow::Result<Transaction<'c>> {
    let transaction = client
        .transaction()
        .await
        .context("could not begin a transaction")?;
    if lock_run {
        if !is_current(&transaction, claim.run_id).await? {
            return Err(Lost::Superseded.into());
        }
        lock_run_row(&transaction, claim.run_id).await?;
    }
    let query = format!("with {FENCE} select (select count(*) from period), (select count(*) from mine)");
    let row = transaction
        .query_typed_one(
            &query,
            &[
                (&claim.run_id, Type::UUID),
                (&claim.task, Type::INT4),
                (&claim.attempt, Type::INT4),
            ],
        )
        .await
        .with_context(|| format!("could not lock task {} of run {}", claim.task, claim.run_id))?;
    check(&row)?;
    Ok(transaction)
}

/// Whether the first two columns, the numbers of rows in `period` and `mine`, allow the write.
pub(crate) fn check(row: &Row) -> Result<(), Lost> {
    match (row.get::<_, i64>(0), row.get::<_, i64>(1)) {
        (0, _) => Err(Lost::Superseded),
        (_, 0) => Err(Lost::TakenOver),
        _ => Ok(()),
    }
}

/// Whether `run_id` is the run that counts, which it then remains until the transaction ends.
pub(crate) async fn is_current(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<bool> {
    let row = transaction
        .query_opt(
            "select from stat_period where current_run_id = $1 for share",
            &[&run_id],
        )
        .await
        .with_context(|| format!("could not look up whether run {run_id} counts"))?;
    Ok(row.is_some())
}

/// Locks the run's row.
///
/// The accident prevented: the last two tasks of a month end at the same moment, each sees the other
/// unfinished, and nobody starts the report; or each sees the other finished, and both do.
///
/// `for no key update` excludes itself as `for update` does, but not the foreign keys of the buildings that
/// other tasks are storing at that moment.
pub(crate) async fn lock_run_row(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<()> {
    transaction
        .query_one(
            "select from stat_run where run_id = $1 for no key update",
            &[&run_id],
        )
        .await
        .with_context(|| format!("could not lock run {run_id}"))?;
    Ok(())
}
