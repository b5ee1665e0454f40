//! The keywords of all buildings, computed in SQL.

use anyhow::Context;
use postgres_session::Session;
use stat_ledger::run::Run;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::statistics::keyword::Keyword;

/// SQL of the log-odds ratio with an informative Dirichlet prior, as z-score: Monroe, Colaresi and Quinn (2008),
/// "Fightin' Words", equations 15, 16, 19, 20 and 22.
///
/// It compares a building's terms (y_i of n_i) with those of all the others (y_j of n_j). The prior is the term's
/// share in the whole month, with the weight of an average building (alpha). A single building, or a single term, has
/// nothing to compare with: its z-score is zero.
const KEYWORDS: &str = "
with counted as (
    select building_id, term, frequency, documents, frequency::float8 as y_i,
           sum(frequency) over (partition by building_id)::float8 as n_i,
           sum(frequency) over (partition by term)::float8 as y
    from stat_term where run_id = $1
),
month as (
    select sum(y_i) as n, sum(y_i) / count(distinct building_id) as alpha from counted
),
prior as (
    select building_id, term, frequency, documents, y_i, n_i, y - y_i as y_j, n - n_i as n_j,
           alpha, alpha * y / n as alpha_w, y = n as is_only_term
    from counted cross join month
),
scored as (
    select building_id, term, frequency, documents, n_i,
           case when is_only_term then 0 else
               (ln((y_i + alpha_w) / (n_i + alpha - y_i - alpha_w))
                - ln((y_j + alpha_w) / (n_j + alpha - y_j - alpha_w)))
               / sqrt(1 / (y_i + alpha_w) + 1 / (y_j + alpha_w))
           end as z_score
    from prior
),
ranked as (
    select *, row_number() over (partition by building_id order by z_score desc, frequency desc, term) as rank
    from scored
),
before as (
    select building_id, sum(frequency)::float8 as n
    from stat_building left join stat_term using (run_id, building_id)
    where run_id = $2 group by building_id
)
insert into stat_keyword (run_id, period_id, building_id, rank, term, frequency, documents, z_score,
                          previous_frequency, share_change)
select $1, $3, ranked.building_id, rank, ranked.term, ranked.frequency, ranked.documents, z_score,
       case when before.building_id is not null then coalesce(old.frequency, 0) end,
       -- A building without terms in the month before has no share: the division by null is null.
       frequency_share - coalesce(old.frequency, 0) / before.n
from (select *, frequency / n_i as frequency_share from ranked where rank <= $4) ranked
left join before using (building_id)
left join stat_term old
    on old.run_id = $2 and old.building_id = ranked.building_id and old.term = ranked.term";

/// Replaces the run's keywords, compared with the run `before` if there is one.
pub(crate) async fn write_keywords(
    transaction: &Transaction<'_>,
    run: &Run,
    before: Option<Uuid>,
    keywords_per_building: u32,
) -> anyhow::Result<()> {
    let failed = || format!("could not write the keywords of run {}", run.id);
    transaction
        .execute_typed(
            "delete from stat_keyword where run_id = $1",
            &[(&run.id, Type::UUID)],
        )
        .await
        .with_context(failed)?;
    // The rows are minutes old. Without new statistics the planner assumes that the table is empty.
    transaction
        .batch_execute("analyze stat_term; set local work_mem = '64MB'")
        .await
        .with_context(failed)?;
    transaction
        .execute_typed(
            KEYWORDS,
            &[
                (&run.id, Type::UUID),
                (&before, Type::UUID),
                (&run.period.to_string(), Type::TEXT),
                (&i64::from(keywords_per_building), Type::INT8),
            ],
        )
        .await
        .with_context(failed)?;
    Ok(())
}

/// Rows of one statement: about 2 MB.
const PAGE: i64 = 10_000;

/// The run's keywords in the order of [`summary`](super::summary())'s buildings and by rank, page by page.
///
/// Each page is a statement of its own: no transaction stays open while the caller uploads what it has read.
pub(crate) struct KeywordPages {
    run_id: Uuid,
    /// Building and rank of the last row; `None` after the last page.
    last: Option<(String, i32)>,
}

impl KeywordPages {
    pub(crate) fn of(run: &Run) -> Self {
        Self {
            run_id: run.id,
            last: Some((String::new(), 0)),
        }
    }

    /// Reads the next page; it is empty after the last.
    pub(crate) async fn next(&mut self, session: &mut Session) -> anyhow::Result<Vec<Keyword>> {
        let Some((building_id, rank)) = self.last.take() else {
            return Ok(Vec::new());
        };
        let rows = session
            .query_alone(
                "select building_id, coalesce(d.name, building_id), rank, term, frequency, documents, z_score,
                        previous_frequency, share_change
                 from stat_keyword left join stat_dimension d using (building_id)
                 where run_id = $1 and (building_id, rank) > ($2, $3) order by building_id, rank limit $4",
                &[
                    (&self.run_id, Type::UUID),
                    (&building_id, Type::TEXT),
                    (&rank, Type::INT4),
                    (&PAGE, Type::INT8),
                ],
            )
            .await
            .with_context(|| format!("could not read the keywords of run {}", self.run_id))?;
        let keywords: Vec<Keyword> = rows.iter().map(keyword).collect();
        self.last = keywords.last().map(|last| (last.building_id.clone(), last.rank));
        Ok(keywords)
    }
}

fn keyword(row: &Row) -> Keyword {
    Keyword {
        building_id: row.get(0),
        building: row.get(1),
        rank: row.get(2),
        term: row.get(3),
        frequency: row.get(4),
        documents: row.get(5),
        z_score: row.get(6),
        previous_frequency: row.get(7),
        share_change: row.get(8),
    }
}
