//! Change against the month before, computed once, in SQL.

use anyhow::Context;
use futures_util::TryStreamExt;
use stat_ledger::run::Run;
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::change::{self, Change};

/// The two-proportion z-test with a pooled share (NIST/SEMATECH, "e-Handbook of Statistical Methods", 7.3.3):
/// z = (p₁ - p₀) / sqrt(p (1 - p) (1/n₁ + 1/n₀)), where a building's terms are the n.
///
/// Shares and not counts: in a month with twice the texts everything is there twice. But a share also falls when
/// others rise, so that a change is one only where share and count go the same way.
///
/// Guards against chance and small numbers: a difference as large comes by chance once in a hundred times
/// (|z| >= 2.576); by the pooled share five or more are expected in each month, below which the test says nothing;
/// and in one of the months it is in three texts or more, since one text may say a word twenty times. Of each
/// building and direction the fifteen loudest are enough to choose from.
const CHANGES: &str = "
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
    where least(n_now, n_before) * pooled >= 5 and documents >= 3
),
ranked as (
    select *, row_number() over (partition by building_id, z_score > 0 order by abs(z_score) desc, term) as rank
    from tested where abs(z_score) >= 2.576 and z_score * (now - before) > 0
)
select building_id, term, before::int8, now::int8, before / n_before, now / n_now, z_score
from ranked where rank <= 15 order by building_id";

/// How many of a building's rises, and how many of its falls, are kept.
const EACH_WAY: usize = 5;

/// What the run's buildings write more or less of than in the run `before`: in the order of the buildings' ids, and of
/// each building rises before falls, the loudest first.
///
/// # Errors
/// When the database fails.
pub async fn changes(
    transaction: &Transaction<'_>,
    run: &Run,
    before: Option<Uuid>,
) -> anyhow::Result<Vec<Change>> {
    let Some(before) = before else {
        return Ok(Vec::new());
    };
    let failed = || format!("could not compare run {} with {before}", run.id);
    let parameters = [
        (&run.id as &(dyn tokio_postgres::types::ToSql + Sync), Type::UUID),
        (&before, Type::UUID),
    ];
    let rows = transaction.query_typed_raw(CHANGES, parameters).await;
    let mut rows = std::pin::pin!(rows.with_context(failed)?);
    let mut changes: Vec<Change> = Vec::new();
    let mut of_building: Vec<Change> = Vec::new();
    while let Some(row) = rows.try_next().await.with_context(failed)? {
        let change = Change {
            building_id: row.get(0),
            term: row.get(1),
            before: row.get(2),
            now: row.get(3),
            share_before: row.get(4),
            share_now: row.get(5),
            z_score: row.get(6),
        };
        if of_building
            .first()
            .is_some_and(|other| other.building_id != change.building_id)
        {
            changes.extend(change::telling(std::mem::take(&mut of_building), EACH_WAY));
        }
        of_building.push(change);
    }
    changes.extend(change::telling(of_building, EACH_WAY));
    // Here and not by the database, whose collation is another.
    changes.sort_by(|a, b| a.building_id.cmp(&b.building_id));
    Ok(changes)
}
