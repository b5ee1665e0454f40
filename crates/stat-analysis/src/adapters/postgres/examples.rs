//! Sentences that show what a building's terms are about, from the tenant's own texts.

use anyhow::Context;
use futures_util::TryStreamExt;
use stat_ledger::run::Run;
use std::collections::HashMap;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use super::texts::without_content;
use crate::example::{Example, example};

/// How many are kept of a building: the page shows those of the terms that it shows.
const KEPT: usize = 5;

/// One pass over the month's texts, so that it needs no index but the one that the analysis needs. Of the texts
/// with one of a building's first terms those that are nearest to a sentence of some sixty characters are the
/// easiest to read. The texts are not stored with the results: they are the tenant's.
const EXAMPLES: &str = "
select building_id, term, body
from (
    select building_id, rank, term, body,
           row_number() over (partition by building_id, rank order by abs(length(body) - 60), text_id) as choice
    from (select building_id, rank, term from stat_keyword where run_id = $1 and rank <= 8 and z_score >= 0) keyword
    join stat_source_text using (building_id)
    where written_at >= $2 and written_at < $3 and length(body) <= 2000 and position(term in body) > 0
) candidate
where choice <= 3
order by building_id, rank, choice";

/// Sentences for each building that has some, one for a term, in the order of the terms; `has_term` tells whether a
/// sentence has a term as a word.
///
/// Examples make a report easier to read, and reading the month's texts once more may take long: after
/// `patience_s` seconds, or when the database refuses, the report does without, and says so in the log.
///
/// # Errors
/// When the connection is lost.
pub async fn examples(
    client: &mut Client,
    run: &Run,
    patience_s: u64,
    has_term: impl FnMut(&str, &str) -> bool,
) -> anyhow::Result<HashMap<String, Vec<Example>>> {
    let failed = || format!("could not read examples for run {}", run.id);
    let transaction = client.transaction().await.with_context(failed)?;
    let patience = format!("set local statement_timeout = '{patience_s}s'; set local work_mem = '64MB'");
    transaction.batch_execute(&patience).await.with_context(failed)?;
    let examples = match read(&transaction, run, has_term).await {
        Ok(examples) => examples,
        Err(error) if error.code().is_some() => {
            let error = without_content(error);
            tracing::warn!(run_id = %run.id, "the report has no examples: {error:#}");
            HashMap::new()
        }
        Err(error) => return Err(without_content(error).context(failed())),
    };
    transaction.rollback().await.with_context(failed)?;
    Ok(examples)
}

async fn read(
    transaction: &Transaction<'_>,
    run: &Run,
    mut has_term: impl FnMut(&str, &str) -> bool,
) -> Result<HashMap<String, Vec<Example>>, tokio_postgres::Error> {
    let parameters = [
        (&run.id as &(dyn tokio_postgres::types::ToSql + Sync), Type::UUID),
        (&run.starts_at, Type::TIMESTAMPTZ),
        (&run.ends_at, Type::TIMESTAMPTZ),
    ];
    let rows = transaction.query_typed_raw(EXAMPLES, parameters).await?;
    let mut rows = std::pin::pin!(rows);
    let mut examples: HashMap<String, Vec<Example>> = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let (building_id, term, body): (&str, &str, &str) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let of_building = match examples.get_mut(building_id) {
            Some(of_building) => of_building,
            None => examples.entry(building_id.to_owned()).or_default(),
        };
        let is_shown = of_building.iter().any(|other| other.term == term);
        if is_shown || of_building.len() == KEPT {
            continue;
        }
        if let Some(example) = example(body, term, |sentence| has_term(sentence, term))
            && !of_building.iter().any(|other| other.text == example.text)
        {
            of_building.push(example);
        }
    }
    Ok(examples)
}
