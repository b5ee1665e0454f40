//! The totals of the month and of the months before it.

use std::collections::HashMap;

use anyhow::Context;
use stat_ledger::run::Run;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, GenericClient, Row, Transaction};
use uuid::Uuid;

use super::category_totals;
use crate::statistics::summary::{
    BuildingSummary, Comparison, MonthBefore, Summary, Trend, mark_namesakes, trend_months,
};
use crate::statistics::thresholds::TREND_MONTHS;

/// Finds the run of the month before that can be compared: it has ended, the same analyser counted it, and its terms
/// have not been removed. Counts of different analysers are not comparable. A building that failed then has no results, so it is
/// the only one without a comparison.
pub(crate) async fn comparison(client: &impl GenericClient, run: &Run) -> anyhow::Result<Comparison> {
    let row = client
        .query_typed_opt(
            "select run_id, analyser is not distinct from $2 from stat_period join stat_run run on run_id = current_run_id
             where stat_period.period_id = $1 and state in ('done', 'partial')
               and (exists (select from stat_term where stat_term.run_id = run.run_id)
                    or not exists (select from stat_building
                                   where stat_building.run_id = run.run_id and morphemes > 0))",
            &[
                (&run.period.previous().to_string(), Type::TEXT),
                (&run.analyser, Type::TEXT),
            ],
        )
        .await
        .with_context(|| format!("could not look up the month before {}", run.period))?;
    Ok(match row {
        Some(row) if row.get(1) => Comparison::With(row.get(0)),
        Some(_) => Comparison::OtherVersion,
        None => Comparison::NoMonthBefore,
    })
}

/// Reads the totals; buildings ordered by id. That order is the same in all queries of a report.
pub(crate) async fn summary(
    transaction: &Transaction<'_>,
    run: &Run,
    comparison: Comparison,
) -> anyhow::Result<Summary> {
    let failed = || format!("could not read the results of run {}", run.id);
    let rows = transaction
        .query_typed(
            "select building_id, coalesce(d.name, building_id), b.documents
             from (select building_id, documents from stat_building where run_id = $1
                   union all
                   select building_id, null from stat_task_building where run_id = $1 and state = 'failed') b
             left join stat_dimension d using (building_id)
             order by building_id",
            &[(&run.id, Type::UUID)],
        )
        .await
        .with_context(failed)?;
    let mut history = history(transaction, run).await.with_context(failed)?;
    let mut summary = Summary {
        period: run.period,
        buildings: rows.iter().map(|row| building(row, &mut history)).collect(),
        categories: Vec::new(),
        before: history.before,
        trend: history.trend,
        comparison,
        is_correction: run.corrects.is_some(),
        unknown_texts: run.unknown_texts,
        unknown_buildings: run.unknown_buildings.clone(),
    };
    mark_namesakes(&mut summary.buildings);
    if summary.failed().next().is_none() {
        summary.trend[TREND_MONTHS - 1] = Some(summary.documents());
    }
    summary.categories = category_totals(transaction, run, comparison.run(), &summary).await?;
    Ok(summary)
}

fn building(row: &Row, history: &mut History) -> BuildingSummary {
    let building_id: String = row.get(0);
    let documents: Option<i64> = row.get(2);
    let mut trend = history.buildings.remove(&building_id).unwrap_or_default();
    trend[TREND_MONTHS - 1] = documents;
    BuildingSummary {
        building_id,
        name: row.get(1),
        has_namesake: false,
        documents,
        trend,
    }
}

/// The earlier months of a trend.
#[derive(Default)]
struct History {
    /// Trends by building id.
    buildings: HashMap<String, Trend>,
    /// Trend of all buildings together.
    trend: Trend,
    before: Option<MonthBefore>,
}

/// Reads the current run of each month. A partial run has the buildings that did not fail.
async fn history(transaction: &Transaction<'_>, run: &Run) -> Result<History, Error> {
    let months = trend_months(run.period).map(|month| month.to_string());
    let [earlier @ .., _] = &months;
    let runs = transaction
        .query_typed(
            "select stat_period.period_id, run_id, state = 'done' from stat_period
             join stat_run on run_id = current_run_id
             where stat_period.period_id = any($1) and state in ('done', 'partial')",
            &[(&earlier.as_slice(), Type::TEXT_ARRAY)],
        )
        .await?;
    let mut history = History::default();
    for row in &runs {
        let (period, run_id, is_complete): (&str, Uuid, bool) = (row.get(0), row.get(1), row.get(2));
        let Some(place) = months.iter().position(|month| month == period) else {
            continue;
        };
        let month = history.add_month(transaction, place, run_id).await?;
        if is_complete {
            history.trend[place] = Some(month.documents);
        }
        if is_complete && place == TREND_MONTHS - 2 {
            history.before = Some(month);
        }
    }
    Ok(history)
}

impl History {
    /// Adds the run's buildings to their trends and returns their totals.
    async fn add_month(
        &mut self,
        transaction: &Transaction<'_>,
        place: usize,
        run_id: Uuid,
    ) -> Result<MonthBefore, Error> {
        let buildings = transaction
            .query_typed(
                "select building_id, documents from stat_building where run_id = $1",
                &[(&run_id, Type::UUID)],
            )
            .await?;
        let mut all = 0;
        for row in &buildings {
            let documents: i64 = row.get(1);
            all += documents;
            self.buildings.entry(row.get(0)).or_default()[place] = Some(documents);
        }
        Ok(MonthBefore {
            buildings: buildings.len() as i64,
            documents: all,
        })
    }
}
