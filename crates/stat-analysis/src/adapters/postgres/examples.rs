//! Example sentences for a building's keywords, from the source texts.

use std::collections::HashMap;

use anyhow::Context;
use futures_util::TryStreamExt;
use ko_morph::Lexicon;
use postgres_session::Session;
use stat_ledger::run::Run;
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use super::texts::without_content;
use crate::statistics::example::{Example, example};
use crate::statistics::thresholds::{
    EXAMPLE_CANDIDATES, EXAMPLE_IDEAL_TEXT, EXAMPLE_LONGEST_TEXT, EXAMPLE_TERMS, EXAMPLE_Z, EXAMPLES_KEPT,
};

/// SQL that chooses the texts in one pass over the month's texts, which needs no other index than the analysis. The texts are
/// not stored with the results: they are the tenant's.
fn sql() -> String {
    format!(
        "
select building_id::text, term, body::text
from (
    select building_id, rank, term, body,
           row_number() over (partition by building_id, rank
                              order by abs(length(body) - {EXAMPLE_IDEAL_TEXT}), text_id) as choice
    from (select building_id, rank, term, row_number() over (partition by building_id order by rank) as place
          from stat_keyword
          where run_id = $1 and building_id = any($4) and z_score >= {EXAMPLE_Z} and documents >= $5) keyword
    join stat_source_text using (building_id)
    where place <= {EXAMPLE_TERMS} and written_at >= $2 and written_at < $3 and length(body) <= {EXAMPLE_LONGEST_TEXT} and position(term in body) > 0
) candidate
where choice <= {EXAMPLE_CANDIDATES}
order by building_id, rank, choice"
    )
}

/// Returns examples of `buildings` by building id: one for a term that `min_documents` texts have, in the order of the
/// terms. `has_term` tells whether a sentence has a term as a word.
///
/// Examples only make a report easier to read, and a second pass over the month's texts may take long. When the
/// database refuses, or `timeout_s` seconds pass, the report has none, and a warning is logged.
pub(crate) async fn examples(
    session: &mut Session,
    run: &Run,
    buildings: &[&str],
    min_documents: u32,
    timeout_s: u64,
    lexicon: Lexicon<'_>,
    has_term: impl FnMut(&str, &str) -> bool,
) -> anyhow::Result<HashMap<String, Vec<Example>>> {
    let failed = || format!("could not read examples for run {}", run.id);
    let transaction = session.begin().await?;
    let settings = format!("set local statement_timeout = '{timeout_s}s'; set local work_mem = '64MB'");
    transaction.batch_execute(&settings).await.with_context(failed)?;
    let examples = match read(&transaction, run, buildings, min_documents, lexicon, has_term).await {
        Ok(examples) => examples,
        Err(error) if error.code().is_some() => {
            let error = without_content(error.into());
            tracing::warn!(run_id = %run.id, "the report of run {} has no examples: {error:#}", run.id);
            HashMap::new()
        }
        Err(error) => return Err(without_content(error.into()).context(failed())),
    };
    transaction.rollback().await.with_context(failed)?;
    Ok(examples)
}

async fn read(
    transaction: &Transaction<'_>,
    run: &Run,
    buildings: &[&str],
    min_documents: u32,
    lexicon: Lexicon<'_>,
    mut has_term: impl FnMut(&str, &str) -> bool,
) -> Result<HashMap<String, Vec<Example>>, tokio_postgres::Error> {
    let min_documents = i64::from(min_documents);
    let parameters = [
        (&run.id as &(dyn ToSql + Sync), Type::UUID),
        (&run.starts_at, Type::TIMESTAMPTZ),
        (&run.ends_at, Type::TIMESTAMPTZ),
        (&buildings, Type::TEXT_ARRAY),
        (&min_documents, Type::INT8),
    ];
    let rows = transaction.query_typed_raw(&sql(), parameters).await?;
    let mut rows = std::pin::pin!(rows);
    let mut examples: HashMap<String, Vec<Example>> = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let (building_id, term, body): (&str, &str, &str) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let kept = match examples.get_mut(building_id) {
            Some(kept) => kept,
            None => examples.entry(building_id.to_owned()).or_default(),
        };
        let has_example = kept.iter().any(|other| other.term == term);
        if has_example || kept.len() == EXAMPLES_KEPT {
            continue;
        }
        if let Some(example) = example(body, term, lexicon, |sentence| has_term(sentence, term))
            && !kept.iter().any(|other| other.text == example.text)
        {
            kept.push(example);
        }
    }
    Ok(examples)
}
