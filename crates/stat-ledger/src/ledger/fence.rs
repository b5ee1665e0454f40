//! The fence: the check before every write that the run is still current and the task still ours.

use anyhow::Context;
use postgres_session::Session;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use super::task::Claim;

/// Error of a write under a [`Claim`]. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another run of the month is current now.
    ///
    /// The accident prevented: an operator forces the month again, while a task of the old run still
    /// works; its late results, report or mail would mix with the new ones.
    #[error("another run of the month is current now")]
    Superseded,
    /// Another invocation has taken the task over.
    ///
    /// The accident prevented: an invocation is frozen, its lease runs out, a second one does the work,
    /// and then the first wakes up and goes on writing: a zombie.
    #[error("another invocation has taken the task over")]
    TakenOver,
    /// The database failed, or the ledger does not allow this write.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The check, as a part of the statement that writes: `period` and `mine` have a row each if the write is
/// allowed, and lock it until the transaction ends. The parameters are run, task and attempt.
pub(super) const FENCE: &str = "
period as materialized (select from stat_period where current_run_id = $1 for share),
mine as materialized (
    select from stat_task
    where run_id = $1 and task = $2 and attempt = $3 and state = 'running'
      and exists (select from period)
    for update)";

/// Begins a transaction that locks the rows it checks: the period in share mode, for which a new run must
/// wait, and the task, for which a takeover must wait.
///
/// Locks are always taken in the order period, run, task, building, so that two transactions never wait
/// for each other.
///
/// # Errors
/// [`WriteError`] when the claim is lost or the database fails.
pub async fn begin<'s>(session: &'s mut Session, claim: &Claim) -> Result<Transaction<'s>, WriteError> {
    let transaction = session.begin().await?;
    check_claim(&transaction, claim).await?;
    Ok(transaction)
}

/// Begins a transaction as [`begin`] does, and locks the run's row too.
///
/// Two accidents are prevented:
/// - The last two tasks of a month end at the same moment, each sees the other unfinished, and neither
///   starts the report; or each sees the other finished, and both do.
/// - A claim waits for the task while it holds the run, and a report that has sent its mail waits for the
///   run. PostgreSQL aborts one of the two; if that is the report, its mail is never recorded and is sent
///   again.
///
/// # Errors
/// [`WriteError`] when the claim is lost or the database fails.
pub async fn begin_with_run<'s>(
    session: &'s mut Session,
    claim: &Claim,
) -> Result<Transaction<'s>, WriteError> {
    let transaction = session.begin().await?;
    if !is_current(&transaction, claim.run_id).await? {
        return Err(WriteError::Superseded);
    }
    lock_run_row(&transaction, claim.run_id).await?;
    check_claim(&transaction, claim).await?;
    Ok(transaction)
}

async fn check_claim(transaction: &Transaction<'_>, claim: &Claim) -> Result<(), WriteError> {
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
    check_row(&row)
}

/// Checks the first two columns, the numbers of rows in `period` and `mine`.
pub(super) fn check_row(row: &Row) -> Result<(), WriteError> {
    match (row.get::<_, i64>(0), row.get::<_, i64>(1)) {
        (0, _) => Err(WriteError::Superseded),
        (_, 0) => Err(WriteError::TakenOver),
        _ => Ok(()),
    }
}

/// Returns whether `run_id` is the current run of its period. If so, it stays current until the transaction
/// ends.
pub(super) async fn is_current(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<bool> {
    let row = transaction
        .query_typed_opt(
            "select from stat_period where current_run_id = $1 for share",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not check whether run {run_id} is current"))?;
    Ok(row.is_some())
}

/// Locks the run's row.
///
/// `for no key update` excludes itself as `for update` does, but not the foreign keys of the buildings that
/// other tasks are storing at that moment.
pub(super) async fn lock_run_row(transaction: &Transaction<'_>, run_id: Uuid) -> anyhow::Result<()> {
    transaction
        .query_typed_one(
            "select from stat_run where run_id = $1 for no key update",
            &[(&run_id, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not lock run {run_id}"))?;
    Ok(())
}
