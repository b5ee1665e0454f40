//! The changes against the month before, computed in SQL.

use anyhow::Context;
use futures_util::TryStreamExt;
use stat_ledger::run::Run;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::statistics::change::{Change, strongest_of_building};
use crate::statistics::false_discovery::StepUp;
use crate::statistics::thresholds::{
    CHANGE_CANDIDATES, CHANGE_EXPECTED_TEXTS, CHANGE_Z, CHANGES_PER_DIRECTION, DISCOVERY_Z,
};

/// SQL of the two-proportion z-test with a pooled share (NIST/SEMATECH, "e-Handbook of Statistical Methods",
/// 7.3.3): z = (p₁ - p₀) / sqrt(p (1 - p) (1/n₁ + 1/n₀)), where n are a building's texts and p those with the term.
///
/// Texts are what a reader counts, and nearly independent of each other; the occurrences of a term in one text are not.
/// The test compares shares and not counts: a month with twice the texts has each term twice. But a share also falls
/// when others rise, so share and count have to change in the same direction.
///
/// The first rows have no building: the strongest z-scores of all tests with the number of tests, for the false
/// discovery rate. One statement returns both, so that the months are joined once.
fn sql() -> String {
    format!(
        "
with building as (
    select building_id, new.documents::float8 as n_now, old.documents::float8 as n_before
    from stat_building new join stat_building old using (building_id)
    where new.run_id = $1 and old.run_id = $2
),
both_months as (
    select building_id, term, coalesce(new.documents, 0) as now, coalesce(old.documents, 0) as before
    from (select building_id, term, documents from stat_term where run_id = $1) new
    full join (select building_id, term, documents from stat_term where run_id = $2) old using (building_id, term)
),
tested as (
    select *, (now / n_now - before / n_before)
              / nullif(sqrt(pooled * (1 - pooled) * (1 / n_now + 1 / n_before)), 0) as z_score
    from both_months join building using (building_id)
    cross join lateral (select (now + before) / nullif(n_now + n_before, 0) as pooled) pooled
    where least(n_now, n_before) * pooled >= {CHANGE_EXPECTED_TEXTS} and greatest(now, before) >= $3
),
strongest as (
    select * from (select z_score, count(z_score) over () as tests from tested) test where abs(z_score) >= {DISCOVERY_Z}
),
ranked as (
    select *, row_number() over (partition by building_id, z_score > 0 order by abs(z_score) desc, term) as rank
    from tested where abs(z_score) >= {CHANGE_Z} and z_score * (now - before) > 0
),
found as (
    select null as building_id, null as term, tests, null as now, null as share_before, null as share_now, z_score
    from strongest
    union all
    select building_id, term, before, now, before / n_before, now / n_now, z_score
    from ranked where rank <= {CHANGE_CANDIDATES}
)
select * from found order by building_id nulls first, abs(z_score) desc"
    )
}

/// Returns the significant changes of the run's buildings against the run `before`, ordered by building id; for each
/// building the rises before the falls, the strongest first. In one of the months at least `min_documents` texts have
/// the term.
pub(crate) async fn changes(
    transaction: &Transaction<'_>,
    run: &Run,
    before: Option<Uuid>,
    min_documents: u32,
) -> anyhow::Result<Vec<Change>> {
    let Some(before) = before else {
        return Ok(Vec::new());
    };
    let failed = || format!("could not compare run {} with run {before}", run.id);
    let min_documents = i64::from(min_documents);
    let parameters = [
        (&run.id as &(dyn ToSql + Sync), Type::UUID),
        (&before, Type::UUID),
        (&min_documents, Type::INT8),
    ];
    let rows = transaction.query_typed_raw(&sql(), parameters).await;
    let mut rows = std::pin::pin!(rows.with_context(failed)?);
    let mut procedure = StepUp::default();
    let mut changes = StrongestChanges::default();
    while let Some(row) = rows.try_next().await.with_context(failed)? {
        let z_score: f64 = row.get(6);
        if row.get::<_, Option<&str>>(0).is_none() {
            procedure.push(row.get(2), z_score);
        } else if procedure.rejects(z_score) {
            changes.push(change(&row));
        }
    }
    Ok(changes.finish())
}

/// The strongest changes of each building, chosen as soon as the building is complete.
#[derive(Default)]
struct StrongestChanges {
    chosen: Vec<Change>,
    /// Changes of the last building.
    building: Vec<Change>,
}

impl StrongestChanges {
    fn push(&mut self, change: Change) {
        let is_same = |other: &Change| other.building_id == change.building_id;
        if !self.building.first().is_some_and(is_same) {
            self.complete_building();
        }
        self.building.push(change);
    }

    fn complete_building(&mut self) {
        let candidates = std::mem::take(&mut self.building);
        self.chosen
            .extend(strongest_of_building(candidates, CHANGES_PER_DIRECTION));
    }

    fn finish(mut self) -> Vec<Change> {
        self.complete_building();
        // In Rust's order: the database's collation may differ.
        self.chosen.sort_by(|a, b| a.building_id.cmp(&b.building_id));
        self.chosen
    }
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
