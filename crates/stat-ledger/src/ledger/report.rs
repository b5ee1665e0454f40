//! The report in the ledger: task 0 of its run.

use anyhow::Context;
use tokio_postgres::{Client, Transaction};

use super::fence::{self, WriteError};
use super::run::RunState;
use super::task::Claim;

/// Records that the mail was sent, and commits. The transaction is that of [`fence::begin_with_run`], begun
/// before the mail was sent: no other invocation can send the mail meanwhile.
///
/// Between SNS's response and this commit lies the one moment in which a death sends the mail once more.
///
/// # Errors
/// When the database fails.
pub async fn commit_mail(
    transaction: Transaction<'_>,
    claim: &Claim,
    message_id: &str,
) -> anyhow::Result<()> {
    let failed = || format!("could not record that the mail of run {} was sent", claim.run_id);
    transaction
        .execute(
            "update stat_run set mailed_at = now(), message_id = $2 where run_id = $1",
            &[&claim.run_id, &message_id],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)
}

/// Ends the report and with it the run, and removes the results of the month's older runs. Returns the
/// run's final state.
///
/// # Errors
/// [`WriteError`] when the claim is lost or the database fails.
pub async fn finish(client: &mut Client, claim: &Claim) -> Result<RunState, WriteError> {
    let transaction = fence::begin_with_run(client, claim).await?;
    let failed = || format!("could not end run {}", claim.run_id);
    let row = transaction
        .query_one(
            "update stat_run
             set finished_at = now(),
                 state = case when exists (select from stat_task_building
                                           where run_id = $1 and state = 'failed')
                              then 'partial' else 'done' end
             where run_id = $1 returning state",
            &[&claim.run_id],
        )
        .await
        .with_context(failed)?;
    let state = if row.get::<_, &str>(0) == "partial" {
        RunState::Partial
    } else {
        RunState::Done
    };
    transaction
        .execute(
            "update stat_task set state = 'done', finished_at = now(), claimed_until = null
             where run_id = $1 and task = 0",
            &[&claim.run_id],
        )
        .await
        .with_context(failed)?;
    remove_older_results(&transaction, claim)
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)?;
    Ok(state)
}

async fn remove_older_results(
    transaction: &Transaction<'_>,
    claim: &Claim,
) -> Result<(), tokio_postgres::Error> {
    for table in ["stat_keyword", "stat_term", "stat_building"] {
        let statement = format!(
            "delete from {table} where run_id in (
                select older.run_id from stat_run older join stat_run mine using (period_id)
                where mine.run_id = $1 and older.run_id <> $1)"
        );
        transaction.execute(&statement, &[&claim.run_id]).await?;
    }
    Ok(())
}
