//! The ledger's side of the report, which is task 0 of its run.

use anyhow::Context;
use tokio_postgres::{Client, Transaction};

use crate::fence;
use crate::run::RunState;
use crate::task::Claim;

/// Notes the mail, right after it was sent, and commits.
///
/// Between SNS's answer and this commit lies the one moment in which a death sends the mail once more; the
/// transaction that holds the claim is begun before the mail, so that nobody else can send it meanwhile.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn commit_mail(
    transaction: Transaction<'_>,
    claim: &Claim,
    message_id: &str,
) -> anyhow::Result<()> {
    let failed = || format!("could not note that the mail of run {} was sent", claim.run_id);
    transaction
        .execute(
            "update stat_run set mailed_at = now(), message_id = $2 where run_id = $1",
            &[&claim.run_id, &message_id],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)
}

/// Ends the report and with it the run, and removes the results of the month's older runs.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn finish(client: &mut Client, claim: &Claim) -> anyhow::Result<RunState> {
    let transaction = fence::begin(client, claim, true).await?;
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
