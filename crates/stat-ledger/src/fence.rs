//! The check that precedes every write: does my run still count, and is the task still mine?

use anyhow::Context;
use tokio_postgres::{Client, Transaction};
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
    if !is_current(&transaction, claim.run_id).await? {
        return Err(Lost::Superseded.into());
    }
    if lock_run {
        lock_run_row(&transaction, claim.run_id).await?;
    }
    let mine = transaction
        .query_opt(
            "select from stat_task
             where run_id = $1 and task = $2 and attempt = $3 and state = 'running' for update",
            &[&claim.run_id, &claim.task, &claim.attempt],
        )
        .await
        .with_context(|| format!("could not lock task {} of run {}", claim.task, claim.run_id))?;
    if mine.is_none() {
        return Err(Lost::TakenOver.into());
    }
    Ok(transaction)
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
