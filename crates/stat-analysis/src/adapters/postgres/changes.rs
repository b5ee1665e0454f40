//! The changes against the month before, computed in SQL.

use anyhow::Context;
use futures_util::TryStreamExt;
use stat_ledger::run::Run;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::statistics::change::{Change, strongest_of_building};
use crate::statistics::thresholds::{
    CHANGE_CANDIDATES, CHANGE_EXPECTED_OCCURRENCES, CHANGE_TEXTS, CHANGE_Z, CHANGES_PER_DIRECTION,
};

/// SQL of the two-proportion z-test with a pooled share (NIST/SEMATECH, "e-Handbook of Statistical Methods",
/// 7.3.3): z = (p₁ - p₀) / sqrt(p (1 - p) (1/n₁ + 1/n₀)), where n are a building's terms.
///
/// The test compares shares and not counts: a month with twice the texts has each term twice. But a share also falls
/// when others rise, so share and count have to change in the same direction.
fn sql() -> String {
    format!(
        "
with both_months as (
    select building_id, term, coalesce(now.frequency, 0)::float8 as now, coalesce(before.frequency, 0)::float8 as before,
           greatest(now.documents, before.documents) as documents
    from (select building_id, term, frequency, documents from stat_term where run_id = $1) now
    full join (select building_id, term, frequency, documents from stat_term where run_id = $2) before
        using (building_id, term)
),
counted as (
    select *, sum(now) over building as n_now, sum(before) over building as n_before
    from both_months window building as (partition by building_id)
),
tested as (
    select *, (now / n_now - before / n_before)
              / nullif(sqrt(pooled * (1 - pooled) * (1 / n_now + 1 / n_before)), 0) as z_score
    from counted cross join lateral (select (now + before) / (n_now + n_before) as pooled) pooled
    where least(n_now, n_before) * pooled >= {CHANGE_EXPECTED_OCCURRENCES} and documents >= {CHANGE_TEXTS}
),
ranked as (
    select *, row_number() over (partition by building_id, z_score > 0 order by abs(z_score) desc, term) as rank
    from tested where abs(z_score) >= {CHANGE_Z} and z_score * (now - before) > 0
)
select building_id, term, before::int8, now::int8, before / n_before, now / n_now, z_score
from ranked where rank <= {CHANGE_CANDIDATES} order by building_id"
    )
}

/// Returns the significant changes of the run's buildings against the run `before`, ordered by building id; for each
/// building the rises before the falls, the strongest first.
pub(crate) async fn changes(
    transaction: &Transaction<'_>,
    run: &Run,
    before: Option<Uuid>,
) -> anyhow::Result<Vec<Change>> {
    let Some(before) = before else {
        return Ok(Vec::new());
    };
    let failed = || format!("could not compare run {} with run {before}", run.id);
    let parameters = [
        (&run.id as &(dyn ToSql + Sync), Type::UUID),
        (&before, Type::UUID),
    ];
    let rows = transaction.query_typed_raw(&sql(), parameters).await;
    let mut rows = std::pin::pin!(rows.with_context(failed)?);
    let mut changes: Vec<Change> = Vec::new();
    let mut building: Vec<Change> = Vec::new();
    while let Some(row) = rows.try_next().await.with_context(failed)? {
        let change = change(&row);
        if building
            .first()
            .is_some_and(|other| other.building_id != change.building_id)
        {
            let candidates = std::mem::take(&mut building);
            changes.extend(strongest_of_building(candidates, CHANGES_PER_DIRECTION));
        }
        building.push(change);
    }
    changes.extend(strongest_of_building(building, CHANGES_PER_DIRECTION));
    // In Rust's order: the database's collation may differ.
    changes.sort_by(|a, b| a.building_id.cmp(&b.building_id));
    Ok(changes)
}

fn change(row: &Row) -> Change {
    Change {
        building_id: row.get(0),
        term: row.get(1),
        before: row.get(2),
        now: row.get(3),
        share_before: row.get(4),
        share_now: row.get(5),
        z_score: row.get(6),
    }
}
