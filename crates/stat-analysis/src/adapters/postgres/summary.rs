//! The month at a glance, beside the months before it.

use anyhow::Context;
use stat_ledger::run::Run;
use std::collections::HashMap;
use tokio_postgres::{GenericClient, Row, Transaction};
use uuid::Uuid;

use crate::summary::{BuildingSummary, Counted, MonthBefore, Summary, TREND_MONTHS, Trend, trend_months};

/// The run of the month before, where it is complete and the same analyser made it: terms that another one
/// counted cannot be compared.
///
/// # Errors
/// When the database fails.
pub async fn comparable_run(client: &impl GenericClient, run: &Run) -> anyhow::Result<Option<Uuid>> {
    let row = client
        .query_opt(
            "select run_id from stat_period join stat_run on run_id = current_run_id
             where stat_period.period_id = $1 and state = 'done' and analyser = $2",
            &[&run.period.previous().to_string(), &run.analyser],
        )
        .await
        .with_context(|| format!("could not look up the month before {}", run.period))?;
    Ok(row.map(|row| row.get(0)))
}

/// The month at a glance; buildings in the order of their ids, which does not change while a report is
/// written.
///
/// # Errors
/// When the database fails.
pub async fn summary(transaction: &Transaction<'_>, run: &Run, is_compared: bool) -> anyhow::Result<Summary> {
    let failed = || format!("could not read the results of run {}", run.id);
    let rows = transaction
        .query(
            "select building_id, coalesce(d.name, building_id), b.documents, b.morphemes
             from (select building_id, documents, morphemes from stat_building where run_id = $1
                   union all
                   select building_id, null, null from stat_task_building where run_id = $1 and state = 'failed') b
             left join stat_dimension d using (building_id)
             order by building_id",
            &[&run.id],
        )
        .await
        .with_context(failed)?;
    let mut history = history(transaction, run).await.with_context(failed)?;
    let building = |row: &Row| {
        let building_id: String = row.get(0);
        let documents: Option<i64> = row.get(2);
        let mut trend = history.buildings.remove(&building_id).unwrap_or_default();
        trend[TREND_MONTHS - 1] = documents;
        BuildingSummary {
            building_id,
            name: row.get(1),
            counted: documents.map(|documents| Counted {
                documents,
                morphemes: row.get(3),
            }),
            trend,
        }
    };
    let mut summary = Summary {
        period: run.period,
        buildings: rows.iter().map(building).collect(),
        before: history.before,
        trend: history.months,
        is_compared,
        is_correction: run.corrects.is_some(),
        unknown_texts: run.unknown_texts,
        unknown_buildings: run.unknown_buildings.clone(),
    };
    if summary.failed().next().is_none() {
        summary.trend[TREND_MONTHS - 1] = Some(summary.total().documents);
    }
    Ok(summary)
}

/// The months before, as far as a trend goes back.
#[derive(Default)]
struct History {
    buildings: HashMap<String, Trend>,
    months: Trend,
    before: Option<MonthBefore>,
}

/// Of each month the run that counts; of a partial one what it has.
async fn history(transaction: &Transaction<'_>, run: &Run) -> Result<History, tokio_postgres::Error> {
    let months = trend_months(run.period).map(|month| month.to_string());
    let [earlier @ .., _] = &months;
    let runs = transaction
        .query(
            "select stat_period.period_id, run_id, state = 'done' from stat_period
             join stat_run on run_id = current_run_id
             where stat_period.period_id = any($1) and state in ('done', 'partial')",
            &[&earlier.as_slice()],
        )
        .await?;
    let mut history = History::default();
    for row in &runs {
        let (period, run_id, is_complete): (&str, Uuid, bool) = (row.get(0), row.get(1), row.get(2));
        let Some(place) = months.iter().position(|month| month == period) else {
            continue;
        };
        let counted = transaction
            .query(
                "select building_id, documents, morphemes from stat_building where run_id = $1",
                &[&run_id],
            )
            .await?;
        let mut total = Counted::default();
        for row in &counted {
            let documents: i64 = row.get(1);
            total.documents += documents;
            total.morphemes += row.get::<_, i64>(2);
            history.buildings.entry(row.get(0)).or_default()[place] = Some(documents);
        }
        if is_complete {
            history.months[place] = Some(total.documents);
        }
        if is_complete && place == TREND_MONTHS - 2 {
            history.before = Some(MonthBefore {
                buildings: counted.len() as i64,
                counted: total,
            });
        }
    }
    Ok(history)
}
