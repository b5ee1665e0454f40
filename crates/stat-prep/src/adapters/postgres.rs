//! The user's own relations, `stat_source_building` and `stat_source_text`.

pub(crate) mod plan;

use anyhow::{Context, bail};
use jiff::Timestamp;
use stat_ledger::period::Period;
use stat_ledger::run::BuildingLoad;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, Transaction};

use crate::function_response::BuildingChanges;

/// Number of unknown buildings that the log and the mail name.
const NAMED_UNKNOWN: usize = 20;

/// Numbers of the period's texts, by building.
pub(crate) struct PeriodTexts {
    /// Buildings to analyse: those open in the period, and closed ones that have texts in it.
    pub(crate) buildings: Vec<BuildingLoad>,
    /// Number of texts of buildings that `stat_source_building` lacks.
    pub(crate) unknown_texts: i64,
    /// Ids of the first [`NAMED_UNKNOWN`] of these buildings.
    pub(crate) unknown_buildings: Vec<String>,
}

/// Error of a view whose join repeats texts: every number would be too high, and no row is the right one.
#[derive(Debug, thiserror::Error)]
#[error(
    "stat_source_text has {rows} rows of {texts} texts in {period}, most in the building {building}: a join in the \
     view repeats texts, with the same text_id and written_at; aggregate the joined table in the view, or use \
     select distinct on (text_id)"
)]
pub(crate) struct RepeatedTexts {
    period: Period,
    rows: i64,
    texts: i64,
    building: String,
}

const SYNCHRONISATION: &str = "could not synchronise stat_dimension with stat_source_building";

/// Synchronises `stat_dimension` with `stat_source_building`. Nothing is deleted: past months need the names. A
/// building without a name gets its id as name.
pub(crate) async fn synchronise_buildings(transaction: &Transaction<'_>) -> anyhow::Result<BuildingChanges> {
    check_source_rows(transaction).await.context(SYNCHRONISATION)?;
    let changes = transaction
        .query_typed_one(
            "select count(*) filter (where d.building_id is null),
                    count(*) filter (where d.building_id is not null and not newly_closed
                        and (d.name, d.closed_on)
                            is distinct from (coalesce(nullif(btrim(s.name), ''), s.building_id), s.closed_on)),
                    count(*) filter (where d.building_id is not null and newly_closed)
             from stat_source_building s left join stat_dimension d using (building_id)
             cross join lateral (select d.closed_on is null and s.closed_on is not null as newly_closed) c",
            &[],
        )
        .await
        .context(SYNCHRONISATION)?;
    transaction
        .execute_typed(
            "insert into stat_dimension as d (building_id, name, closed_on)
             select building_id, coalesce(nullif(btrim(name), ''), building_id), closed_on from stat_source_building
             on conflict (building_id) do update
             set name = excluded.name, closed_on = excluded.closed_on, updated_at = now()
             where (d.name, d.closed_on) is distinct from (excluded.name, excluded.closed_on)",
            &[],
        )
        .await
        .context(SYNCHRONISATION)?;
    Ok(BuildingChanges {
        added: changes.get(0),
        changed: changes.get(1),
        closed: changes.get(2),
    })
}

/// Fails if the source lists a building twice, or without id. Warns of buildings without name: one of thousands must
/// not stop the month.
async fn check_source_rows(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    let invalid = transaction
        .query_typed_opt(
            "select coalesce(building_id::text, '(null)'), count(*) from stat_source_building
             group by building_id having building_id is null or count(*) > 1 order by 1 limit 1",
            &[],
        )
        .await?;
    if let Some(row) = invalid {
        let (id, times): (String, i64) = (row.get(0), row.get(1));
        bail!("stat_source_building has {times} rows for the building {id}, expected one with an id");
    }
    let query = "select count(*), coalesce(min(building_id)::text, '') from stat_source_building
         where name is null or btrim(name) = ''";
    let row = transaction.query_typed_one(query, &[]).await?;
    let (unnamed, first): (i64, String) = (row.get(0), row.get(1));
    if unnamed > 0 {
        tracing::warn!(
            buildings = unnamed,
            "used the id as name of {unnamed} buildings that have none in stat_source_building, such as {first}"
        );
    }
    Ok(())
}

/// Counts the period's texts by building.
///
/// # Errors
/// [`RepeatedTexts`] when rows have the same id and time. The id alone does not decide: a view may unite two tables
/// that number their texts independently.
pub(crate) async fn period_texts(
    transaction: &Transaction<'_>,
    period: Period,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> anyhow::Result<PeriodTexts> {
    let rows = transaction
        .query_typed(
            "with text as (
                select building_id, count(*) as rows, count(distinct (text_id, written_at)) as texts
                from stat_source_text
                where written_at >= $1 and written_at < $2 group by building_id)
             select coalesce(d.building_id, text.building_id, '(null)')::text, coalesce(rows, 0),
                    d.building_id is not null, coalesce(texts, 0)
             from stat_dimension d full join text using (building_id)
             left join stat_source_building s on s.building_id = d.building_id
             where text.rows > 0
                or (s.building_id is not null and (s.closed_on is null or s.closed_on >= $3))
             order by 1",
            &[
                (&starts_at, Type::TIMESTAMPTZ),
                (&ends_at, Type::TIMESTAMPTZ),
                (&period.start(), Type::DATE),
            ],
        )
        .await
        .context("could not count the texts in stat_source_text")?;
    refuse_repeated_texts(&rows, period)?;
    Ok(by_building(&rows))
}

fn refuse_repeated_texts(rows: &[Row], period: Period) -> Result<(), RepeatedTexts> {
    let repeated = |row: &Row| row.get::<_, i64>(1) - row.get::<_, i64>(3);
    let Some(worst) = rows
        .iter()
        .max_by_key(|row| repeated(row))
        .filter(|row| repeated(row) > 0)
    else {
        return Ok(());
    };
    let sum = |column| rows.iter().map(|row| row.get::<_, i64>(column)).sum();
    Err(RepeatedTexts {
        period,
        rows: sum(1),
        texts: sum(3),
        building: worst.get(0),
    })
}

fn by_building(rows: &[Row]) -> PeriodTexts {
    let mut counted = PeriodTexts {
        buildings: Vec::new(),
        unknown_texts: 0,
        unknown_buildings: Vec::new(),
    };
    for row in rows {
        let (building_id, texts, is_known): (String, i64, bool) = (row.get(0), row.get(1), row.get(2));
        if is_known {
            counted.buildings.push(BuildingLoad {
                building_id,
                texts: texts.unsigned_abs(),
            });
        } else {
            counted.unknown_texts += texts;
            if counted.unknown_buildings.len() < NAMED_UNKNOWN {
                counted.unknown_buildings.push(building_id);
            }
        }
    }
    counted
}
