//! The texts, read as a stream, and the report's queries.

use anyhow::Context;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use stat_ledger::run::Run;
use std::pin::Pin;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, Row, RowStream, Transaction};

use crate::keyword::{BuildingSummary, Counted, Keyword, Summary};

/// Texts in the order of their buildings, as one statement's snapshot sees them.
pub struct TextStream(Pin<Box<RowStream>>);

/// One text of a building.
pub struct Text(Row);

impl TextStream {
    /// Starts to read the texts of `buildings` in the period.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(
        client: &Client,
        buildings: &[&str],
        starts_at: Timestamp,
        ends_at: Timestamp,
    ) -> anyhow::Result<Self> {
        let rows = client
            .query_typed_raw(
                "select building_id, body from stat_source_text
                 where building_id = any($1) and written_at >= $2 and written_at < $3
                 order by building_id",
                [
                    (
                        &buildings as &(dyn tokio_postgres::types::ToSql + Sync),
                        Type::TEXT_ARRAY,
                    ),
                    (&starts_at, Type::TIMESTAMPTZ),
                    (&ends_at, Type::TIMESTAMPTZ),
                ],
            )
            .await
            .map_err(without_content)?;
        Ok(Self(Box::pin(rows)))
    }

    /// The next text, or nothing after the last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(&mut self) -> anyhow::Result<Option<Text>> {
        Ok(self.0.try_next().await.map_err(without_content)?.map(Text))
    }
}

/// What the database says of a text that it cannot read may quote the text: the code is enough.
fn without_content(error: tokio_postgres::Error) -> anyhow::Error {
    match error.code() {
        Some(state) => anyhow::anyhow!("could not read the texts: SQLSTATE {}", state.code()),
        None => anyhow::Error::new(error).context("could not read the texts"),
    }
}

impl Text {
    /// The building that it was written to.
    ///
    /// # Errors
    /// When the view's column has become something else than text.
    pub fn building_id(&self) -> anyhow::Result<&str> {
        self.0
            .try_get(0)
            .context("could not read stat_source_text.building_id")
    }

    /// What was written; a null is an empty text.
    ///
    /// # Errors
    /// When the view's column has become something else than text.
    pub fn body(&self) -> anyhow::Result<&str> {
        let body: Option<&str> = self
            .0
            .try_get(1)
            .context("could not read stat_source_text.body")?;
        Ok(body.unwrap_or_default())
    }
}

/// The log-odds ratio with an informative Dirichlet prior, as z-score: Monroe, Colaresi and Quinn (2008),
/// "Fightin' Words", equations 15, 16, 19, 20 and 22.
///
/// A building's terms (y_i of n_i) stand against those of all the others (y_j of n_j). The prior says how
/// common a term is in the whole month (its share of all terms) and weighs as much as an average building
/// (alpha). With one building, or one term, there is nothing to stand against: zero.
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
       -- Without a term in the month before there is no share: null, by the division of null.
       frequency_share - coalesce(old.frequency, 0) / before.n
from (select *, frequency / n_i as frequency_share from ranked where rank <= $4) ranked
left join before using (building_id)
left join stat_term old
    on old.run_id = $2 and old.building_id = ranked.building_id and old.term = ranked.term";

/// Writes the run's keywords anew. Returns whether there was a month before to compare with.
///
/// # Errors
/// When the database fails.
pub async fn write_keywords(
    transaction: &Transaction<'_>,
    run: &Run,
    keywords_per_building: u32,
) -> anyhow::Result<bool> {
    let failed = || format!("could not write the keywords of run {}", run.id);
    transaction
        .execute("delete from stat_keyword where run_id = $1", &[&run.id])
        .await
        .with_context(failed)?;
    // The rows are some minutes old: without statistics the planner takes the table for an empty one.
    transaction
        .batch_execute("analyze stat_term; set local work_mem = '64MB'")
        .await
        .with_context(failed)?;
    let before = run_before(transaction, run).await.with_context(failed)?;
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
    Ok(before.is_some())
}

/// The run of the month before, where it is complete and the same analyser made it: numbers of another
/// one cannot be compared.
async fn run_before(
    client: &impl GenericClient,
    run: &Run,
) -> Result<Option<uuid::Uuid>, tokio_postgres::Error> {
    let row = client
        .query_opt(
            "select run_id from stat_period join stat_run on run_id = current_run_id
             where stat_period.period_id = $1 and state = 'done' and analyser = $2",
            &[&run.period.previous().to_string(), &run.analyser],
        )
        .await?;
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
    let building = |row: &Row| BuildingSummary {
        building_id: row.get(0),
        name: row.get(1),
        counted: row.get::<_, Option<i64>>(2).map(|documents| Counted {
            documents,
            morphemes: row.get(3),
        }),
    };
    Ok(Summary {
        period: run.period,
        buildings: rows.iter().map(building).collect(),
        is_compared,
        is_correction: run.corrects.is_some(),
        unknown_texts: run.unknown_texts,
        unknown_buildings: run.unknown_buildings.clone(),
    })
}

/// Hands the run's keywords down to `last_rank` to `each`, in the order of [`summary`]'s buildings and by
/// rank, without holding them all.
///
/// # Errors
/// When the database or `each` fails.
pub async fn for_each_keyword(
    transaction: &Transaction<'_>,
    run: &Run,
    last_rank: u32,
    mut each: impl FnMut(Keyword) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("could not read the keywords of run {}", run.id);
    let rows = transaction
        .query_typed_raw(
            "select building_id, coalesce(d.name, building_id), rank, term, frequency, documents, z_score,
                    previous_frequency, share_change
             from stat_keyword left join stat_dimension d using (building_id)
             where run_id = $1 and rank <= $2 order by building_id, rank",
            [
                (&run.id as &(dyn tokio_postgres::types::ToSql + Sync), Type::UUID),
                (&i64::from(last_rank), Type::INT8),
            ],
        )
        .await
        .with_context(failed)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await.with_context(failed)? {
        each(Keyword {
            building_id: row.get(0),
            building: row.get(1),
            rank: row.get(2),
            term: row.get(3),
            frequency: row.get(4),
            documents: row.get(5),
            z_score: row.get(6),
            previous_frequency: row.get(7),
            share_change: row.get(8),
        })?;
    }
    Ok(())
}
