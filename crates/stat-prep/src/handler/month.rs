//! The start of a month: its run is opened or found, and its tasks are invoked.

use anyhow::{Context, bail};
use lambda_core::clock;
use lambda_core::invocation::Invocation;
use postgres_session::Session;
use stat_ledger::period::Period;
use stat_ledger::run::{self, BuildingLoad, NewRun, Run};
use stat_ledger::sources::SOURCES;
use tokio_postgres::Transaction;

use super::StatPrep;
use crate::adapters::postgres::{self, PeriodTexts, plan};
use crate::event::{MonthRequest, Scope};
use crate::function_response::{BuildingChanges, FunctionResponse, MonthResponse};
use crate::run_decision::{RunDecision, decide};
use crate::task_plan::plan_tasks;

/// Error of a month in which texts may still be written.
#[derive(Debug, thiserror::Error)]
#[error("{period} has not ended yet in {zone}: its statistics would be incomplete")]
pub(super) struct MonthNotEnded {
    period: Period,
    zone: String,
}

/// The month that an invocation starts.
struct MonthStart<'a> {
    period: Period,
    scope: Scope,
    mail: bool,
    request_id: &'a str,
}

impl StatPrep {
    /// Opens or finds the month's run, in one transaction under the period's lock, and invokes its unclaimed
    /// tasks.
    pub(super) async fn start_month(
        &self,
        session: &mut Session,
        request: &MonthRequest,
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let zone = &self.config.time_zone;
        let period = request.period(zone)?;
        if !period.has_ended(clock::now(), zone) {
            let zone = zone.iana_name().unwrap_or("STAT_TIME_ZONE").to_owned();
            return Err(MonthNotEnded { period, zone }.into());
        }
        let start = MonthStart {
            period,
            scope: request.scope,
            mail: request.mail,
            request_id: &invocation.request_id,
        };
        let transaction = session.begin().await?;
        let (run, changes) = self.find_or_open_run(&transaction, &start).await?;
        transaction
            .commit()
            .await
            .with_context(|| format!("could not commit the plan of {period}"))?;
        let invoked = self.invoke_unclaimed_tasks(session, &run, invocation).await?;
        Ok(FunctionResponse::Month(MonthResponse::new(
            &run, changes, invoked,
        )))
    }

    async fn find_or_open_run(
        &self,
        transaction: &Transaction<'_>,
        start: &MonthStart<'_>,
    ) -> anyhow::Result<(Run, BuildingChanges)> {
        let period = start.period;
        // A plain event that finds a run changes nothing, and need not wait for the tasks' share locks.
        if start.scope == Scope::Missing
            && let Some(run) = run::current(transaction, period).await?
        {
            return Ok(keep(run));
        }
        let current = match run::lock_period(transaction, period).await? {
            Some(id) => Some(run::get(transaction, id).await?),
            None => None,
        };
        let request_run = run::find_by_request(transaction, period, start.request_id).await?;
        let state = current.as_ref().map(|run| run.state);
        match (decide(start.scope, state, request_run.is_some()), current) {
            (RunDecision::Keep, Some(run)) => Ok(keep(run)),
            (RunDecision::Correct, Some(partial)) => self.open_run(transaction, start, Some(&partial)).await,
            (RunDecision::Open, current) => {
                if let Some(open) = current.filter(|run| run.state.is_open()) {
                    tracing::warn!(
                        run.id = %open.id,
                        "abandoned run {} of {period}, which was {}: another run was forced",
                        open.id,
                        open.state
                    );
                    run::abandon(transaction, open.id).await?;
                }
                self.open_run(transaction, start, None).await
            }
            _ => bail!("{period} has no run yet, so none of its buildings can have failed"),
        }
    }

    async fn open_run(
        &self,
        transaction: &Transaction<'_>,
        start: &MonthStart<'_>,
        corrects: Option<&Run>,
    ) -> anyhow::Result<(Run, BuildingChanges)> {
        let period = start.period;
        for source in &SOURCES {
            source.check(transaction, &self.config.time_zone).await?;
        }
        let changes = postgres::synchronise_buildings(transaction).await?;
        let (starts_at, ends_at) = match corrects {
            Some(run) => (run.starts_at, run.ends_at),
            None => period
                .instants(&self.config.time_zone)
                .with_context(|| format!("could not compute first and last instant of {period}"))?,
        };
        for warning in plan::warnings(transaction, starts_at, ends_at).await? {
            tracing::warn!("slow statement for {period}: {warning}");
        }
        let mut texts = postgres::period_texts(transaction, period, starts_at, ends_at).await?;
        if let Some(partial) = corrects {
            let failed = run::failed_buildings(transaction, partial.id).await?;
            texts = only_failed(texts, partial, failed);
        }
        log_unknown_buildings(&texts, period);
        let new = NewRun {
            period,
            request_id: start.request_id,
            mail: start.mail,
            starts_at,
            ends_at,
            tasks: &plan_tasks(texts.buildings, self.config.texts_per_task),
            unknown_texts: texts.unknown_texts,
            unknown_buildings: &texts.unknown_buildings,
            corrects,
        };
        let run = run::open(transaction, &new).await?;
        let Run { id, tasks, .. } = &run;
        tracing::info!(run.id = %id, tasks, "opened run {id} of {period} with {tasks} tasks");
        Ok((run, changes))
    }
}

fn keep(run: Run) -> (Run, BuildingChanges) {
    tracing::info!(
        run.id = %run.id,
        "opened no run: run {} of {} exists and is {}",
        run.id,
        run.period,
        run.state
    );
    (run, BuildingChanges::default())
}

/// Reduces the workload to the failed buildings of a partial run.
fn only_failed(mut texts: PeriodTexts, partial: &Run, failed: Vec<String>) -> PeriodTexts {
    // The correction leaves out the same texts as the partial run, and its report names them again.
    texts.unknown_texts = partial.unknown_texts;
    texts.unknown_buildings.clone_from(&partial.unknown_buildings);
    texts
        .buildings
        .retain(|building| failed.contains(&building.building_id));
    // A failed building that has been closed and has no texts any more still needs its (empty) result.
    for building_id in failed {
        if !texts
            .buildings
            .iter()
            .any(|building| building.building_id == building_id)
        {
            texts.buildings.push(BuildingLoad {
                building_id,
                texts: 0,
            });
        }
    }
    texts
}

fn log_unknown_buildings(texts: &PeriodTexts, period: Period) {
    if texts.unknown_texts > 0 {
        tracing::warn!(
            texts = texts.unknown_texts,
            "skipped {} texts of {period}: stat_source_building lacks their buildings, among them {}",
            texts.unknown_texts,
            texts.unknown_buildings.join(", ")
        );
    }
}
