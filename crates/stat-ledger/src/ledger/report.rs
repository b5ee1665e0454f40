//! The report in the ledger: task 0 of its run.

use anyhow::Context;
use postgres_session::Session;
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

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
        .execute_typed(
            "update stat_run set mailed_at = now(), message_id = $2 where run_id = $1",
            &[(&claim.run_id, Type::UUID), (&message_id, Type::TEXT)],
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
pub async fn finish(session: &mut Session, claim: &Claim) -> Result<RunState, WriteError> {
    let transaction = fence::begin_with_run(session, claim).await?;
    let failed = || format!("could not end run {}", claim.run_id);
    let row = transaction
        .query_typed_one(
            "update stat_run
             set finished_at = now(),
                 state = case when exists (select from stat_task_building
                                           where run_id = $1 and state = 'failed')
                              then 'partial' else 'done' end
             where run_id = $1 returning state",
            &[(&claim.run_id, Type::UUID)],
        )
        .await
        .with_context(failed)?;
    let state = if row.get::<_, &str>(0) == "partial" {
        RunState::Partial
    } else {
        RunState::Done
    };
    transaction
        .execute_typed(
            "update stat_task set state = 'done', finished_at = now(), claimed_until = null
             where run_id = $1 and task = 0",
            &[(&claim.run_id, Type::UUID)],
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
    for table in ["stat_keyword", "stat_category", "stat_term", "stat_building"] {
        let statement = format!(
            "delete from {table} where run_id in (
                select older.run_id from stat_run older join stat_run mine using (period_id)
                where mine.run_id = $1 and older.run_id <> $1)"
        );
        transaction
            .execute_typed(&statement, &[(&claim.run_id, Type::UUID)])
            .await?;
    }
    Ok(())
}

/// Removes the terms of months that lie `keep_months` or more before the newest month of the ledger, and logs each
/// month. Keywords, categories and counts stay. Returns the number of months.
///
/// Each month is a transaction of its own. The next report repeats what is left after a failure.
///
/// # Errors
/// When the database fails.
pub async fn remove_old_terms(session: &mut Session, keep_months: u32) -> anyhow::Result<usize> {
    let failed = "could not remove the terms of old months";
    let keep_months = i32::try_from(keep_months).unwrap_or(i32::MAX);
    let query = "select period_id, run_id from stat_period join stat_run using (period_id)
                 where start_date <= (select max(start_date) from stat_period where current_run_id is not null)
                                     - make_interval(months => $1)
                   and exists (select from stat_term where stat_term.run_id = stat_run.run_id)
                 order by period_id, run_id";
    let parameters = [(&keep_months as &(dyn ToSql + Sync), Type::INT4)];
    let runs = session.query_alone(query, &parameters).await.context(failed)?;
    for row in &runs {
        let (period, run_id): (&str, Uuid) = (row.get(0), row.get(1));
        let transaction = session.begin().await?;
        let statement = "delete from stat_term where run_id = $1";
        let terms = transaction
            .execute_typed(statement, &[(&run_id, Type::UUID)])
            .await;
        let terms = terms.with_context(|| format!("{failed}: run {run_id} of {period}"))?;
        transaction.commit().await.context(failed)?;
        tracing::info!(run.id = %run_id, terms, "removed {terms} terms of run {run_id} of {period}, an old month");
    }
    Ok(runs.len())
}
