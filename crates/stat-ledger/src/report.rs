//! The ledger's side of the report, which is task 0 of its run.

use anyhow::Context;
use tokio_postgres::{Client, Transaction};

use crate::fence;
use crate::run::RunState;
use crate::task::Claim;

/// Begins the transaction in which the report is written and its mail is sent.
///
/// It holds the claim, so that nobody else can send the mail meanwhile, and the run's row, in which the mail
/// is noted. The accident prevented: a claim that waits for the task while it holds the run, and a report
/// that has sent its mail and waits for the run. PostgreSQL ends one of the two, and if that is the report
/// its mail is never noted and sent again.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn begin<'c>(client: &'c mut Client, claim: &Claim) -> anyhow::Result<Transaction<'c>> {
    fence::begin(client, claim, true).await
}

/// Notes the mail, right after it was sent, and commits. Needs the transaction of [`begin`].
///
/// Between SNS's answer and this commit lies the one moment in which a death sends the mail once more.
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
