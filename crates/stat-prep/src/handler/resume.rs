//! A resume: unclaimed tasks are invoked again, and overdue runs are reported.

use anyhow::Context;
use lambda_core::invocation::Invocation;
use lambda_core::metrics::{self, Unit};
use postgres_session::Session;
use stat_ledger::run;

use super::StatPrep;
use crate::function_response::{BuildingChanges, FunctionResponse, MonthResponse};
use crate::overdue_warning::{self, OVERDUE_AFTER};

/// Error of a resume of which a part failed. The other parts are done.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(super) struct ResumeIncomplete(Vec<String>);

/// Emits the metric without connecting: the alarm for a stopped schedule counts its values.
pub(super) fn skip(invocation: &Invocation) -> FunctionResponse {
    let skipped =
        "after the 5th of a month a scheduled resume connects every six hours, so that a database can sleep";
    tracing::info!("skipped the resume: {skipped}");
    metrics::emit(
        &invocation.function_name,
        &[("MonthUnfinished", 0.0, Unit::Count)],
    );
    FunctionResponse::Skipped { skipped }
}

impl StatPrep {
    /// Invokes the unclaimed tasks of every open run; a run that fails does not stop the others.
    pub(super) async fn resume(
        &self,
        session: &mut Session,
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let mut resumed = Vec::new();
        let mut errors = Vec::new();
        let transaction = session.begin().await?;
        let open_runs = run::open_runs(&transaction).await?;
        let overdue = run::count_overdue(&transaction, OVERDUE_AFTER).await?;
        transaction
            .rollback()
            .await
            .context("could not end the transaction that reads the open runs")?;
        for run in open_runs {
            match self.invoke_unclaimed_tasks(session, &run, invocation).await {
                Ok(invoked) => resumed.push(MonthResponse::new(&run, BuildingChanges::default(), invoked)),
                Err(error) => errors.push(format!("run {} of {}: {error:#}", run.id, run.period)),
            }
        }
        metrics::emit(
            &invocation.function_name,
            &[("MonthUnfinished", overdue as f64, Unit::Count)],
        );
        if let Err(error) = self.warn_of_overdue_runs(session).await {
            errors.push(format!("{error:#}"));
        }
        if errors.is_empty() {
            return Ok(FunctionResponse::Resume { resumed });
        }
        Err(ResumeIncomplete(errors).into())
    }

    /// Warns of each overdue run once, each in a transaction of its own: a warning that fails does not undo
    /// the record of those before it.
    async fn warn_of_overdue_runs(&self, session: &mut Session) -> anyhow::Result<()> {
        loop {
            let transaction = session.begin().await?;
            let Some(run) = run::next_overdue(&transaction, OVERDUE_AFTER).await? else {
                return Ok(());
            };
            tracing::warn!(
                run.id = %run.id,
                "run {} of {} has been open for more than 5 hours and is {}",
                run.id,
                run.period,
                run.state
            );
            if let Some(topic) = &self.warnings {
                let (subject, text) = overdue_warning::render(&run);
                let published = topic.publish(&subject, &text).await;
                published.with_context(|| format!("could not publish the warning about run {}", run.id))?;
            }
            run::set_warned(&transaction, run.id).await?;
            transaction
                .commit()
                .await
                .with_context(|| format!("could not commit the warning about run {}", run.id))?;
        }
    }
}
