//! The user's own relations, `stat_source_building` and `stat_source_text`.

use anyhow::{Context, bail};
use jiff::Timestamp;
use stat_ledger::period::Period;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Column, Row, Transaction};

use crate::function_response::BuildingChanges;
use crate::task_plan::BuildingLoad;

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

/// Checks that the two relations exist and have the types that the queries rely on: a time without a zone
/// would be read as UTC and silently move texts into another month.
pub(crate) async fn check_sources(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    // Not char(n): PostgreSQL compares it without its padding and returns it with the padding.
    let text = [Type::TEXT, Type::VARCHAR].as_slice();
    let buildings = [
        ("building_id", text),
        ("name", text),
        ("closed_on", &[Type::DATE]),
    ];
    check_relation(transaction, "stat_source_building", &buildings).await?;
    let texts = [
        ("building_id", text),
        ("written_at", [Type::TIMESTAMPTZ].as_slice()),
        ("body", text),
    ];
    check_relation(transaction, "stat_source_text", &texts).await
}

async fn check_relation(
    transaction: &Transaction<'_>,
    relation: &str,
    expected: &[(&str, &[Type])],
) -> anyhow::Result<()> {
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    let query = format!("select {} from {relation}", names.join(", "));
    let statement = transaction.prepare(&query).await.map_err(|error| match error.code() {
        Some(&SqlState::UNDEFINED_TABLE) => anyhow::anyhow!(
            "there is no relation {relation}: create it as a view over your own tables, as stat-prep's README shows"
        ),
        _ => anyhow::Error::new(error).context(format!("could not read {relation}")),
    })?;
    for (column, (name, types)) in statement.columns().iter().zip(expected) {
        let found = Column::type_(column);
        if !types.contains(found) {
            bail!(
                "{relation}.{name} is {found}, expected {}: cast it in the view",
                types[0]
            );
        }
    }
    Ok(())
}

const SYNCHRONISATION: &str = "could not synchronise stat_dimension with stat_source_building";

/// Synchronises `stat_dimension` with `stat_source_building`. Nothing is deleted: past months need the names.
pub(crate) async fn synchronise_buildings(transaction: &Transaction<'_>) -> anyhow::Result<BuildingChanges> {
    check_source_rows(transaction).await.context(SYNCHRONISATION)?;
    let changes = transaction
        .query_one(
            "select count(*) filter (where d.building_id is null),
                    count(*) filter (where d.building_id is not null and not newly_closed
                                       and (d.name, d.closed_on) is distinct from (s.name, s.closed_on)),
                    count(*) filter (where d.building_id is not null and newly_closed)
             from stat_source_building s left join stat_dimension d using (building_id)
             cross join lateral (select d.closed_on is null and s.closed_on is not null as newly_closed) c",
            &[],
        )
        .await
        .context(SYNCHRONISATION)?;
    transaction
        .execute(
            "insert into stat_dimension as d (building_id, name, closed_on)
             select building_id, name, closed_on from stat_source_building
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

/// Fails if the source lists a building twice, or without id or name.
async fn check_source_rows(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    let invalid = transaction
        .query_opt(
            "select coalesce(building_id, '(null)'), count(*) from stat_source_building
             group by building_id
             having building_id is null or count(*) > 1 or bool_or(name is null) order by 1 limit 1",
            &[],
        )
        .await?;
    if let Some(row) = invalid {
        let (id, times): (String, i64) = (row.get(0), row.get(1));
        bail!(
            "stat_source_building has {times} rows for the building {id}, expected one with an id and a name"
        );
    }
    Ok(())
}

pub(crate) async fn period_texts(
    transaction: &Transaction<'_>,
    period: Period,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> anyhow::Result<PeriodTexts> {
    let rows = transaction
        .query(
            "with text as (
                select building_id, count(*) as texts from stat_source_text
                where written_at >= $1 and written_at < $2 group by building_id)
             select coalesce(d.building_id, text.building_id, '(null)'), coalesce(texts, 0),
                    d.building_id is not null
             from stat_dimension d full join text using (building_id)
             left join stat_source_building s on s.building_id = d.building_id
             where text.texts > 0
                or (s.building_id is not null and (s.closed_on is null or s.closed_on >= $3))
             order by 1",
            &[&starts_at, &ends_at, &period.start()],
        )
        .await
        .context("could not count the texts in stat_source_text")?;
    Ok(by_building(&rows))
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
