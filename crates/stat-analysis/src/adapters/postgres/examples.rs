//! Example sentences for a building's keywords, from the source texts.

use std::collections::HashMap;

use anyhow::Context;
use futures_util::TryStreamExt;
use ko_morph::Lexicon;
use postgres_session::Session;
use stat_ledger::run::Run;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::texts::without_content;
use crate::statistics::example::{Example, example};
use crate::statistics::thresholds::{
    EXAMPLE_CANDIDATES, EXAMPLE_IDEAL_TEXT, EXAMPLE_LONGEST_TEXT, EXAMPLE_TERMS, EXAMPLE_Z, EXAMPLES_KEPT,
};
use crate::statistics::written_form::WrittenForms;

/// SQL that chooses the texts in one pass over the month's texts, which needs no other index than the analysis. The texts are
/// not stored with the results: they are the tenant's.
///
/// A text is a candidate if it has a spelling of the term, with any spaces, or a phrase that means it. Texts with the
/// term's own name come first.
fn sql() -> String {
    format!(
        "
select building_id, term, body
from (
    select building_id, rank, term, body,
           row_number() over (partition by building_id, rank
                              order by position(term in body) = 0, abs(length(body) - {EXAMPLE_IDEAL_TEXT}), text_id) as choice
    from (select building_id, rank, term, coalesce(patterns, array['%' || term || '%', '%' || lower(term) || '%']) as patterns
          from (select building_id, rank, term, row_number() over (partition by building_id order by rank) as place
                from stat_keyword
                where run_id = $1 and building_id = any($4) and z_score >= {EXAMPLE_Z} and documents >= $5) ranked
          left join (select term, array_agg(pattern) as patterns
                     from unnest($6::text[], $7::text[]) as listed(term, pattern) group by term) listed using (term)
          where place <= {EXAMPLE_TERMS}) keyword
    join (select building_id::text, text_id, body::text, replace(body::text, ' ', '') as folded
          from stat_source_text
          where building_id = any($4) and written_at >= $2 and written_at < $3 and length(body) <= {EXAMPLE_LONGEST_TEXT}
          -- Without it the planner computes `folded` again for every keyword.
          offset 0) text using (building_id)
    where folded like any (patterns)
) candidate
where choice <= {EXAMPLE_CANDIDATES}
order by building_id, rank, choice"
    )
}

/// Terms of a month whose examples are searched.
pub(crate) struct ExampleSearch<'a> {
    /// Ids of the buildings.
    pub(crate) buildings: &'a [&'a str],
    /// Texts that a term needs for an example.
    pub(crate) min_documents: u32,
    pub(crate) timeout_s: u64,
    /// Written forms of the terms.
    pub(crate) forms: &'a WrittenForms<'a>,
}

/// Terms of a list and a pattern of each, side by side.
type Patterns<'a> = (Vec<&'a str>, Vec<String>);

impl ExampleSearch<'_> {
    /// Returns examples by building id, in the order of the building's terms. `has_term` tells whether a sentence has a
    /// term as a word.
    ///
    /// Examples only make a report easier to read, and a second pass over the month's texts may take long. When the
    /// database refuses, or the time is over, the report has none, and a warning is logged.
    pub(crate) async fn examples(
        &self,
        session: &mut Session,
        run: &Run,
        lexicon: Lexicon<'_>,
        mut has_term: impl FnMut(&str, &str) -> bool,
    ) -> anyhow::Result<HashMap<String, Vec<Example>>> {
        let failed = || format!("could not read examples for run {}", run.id);
        let timeout_s = self.timeout_s;
        let settings = format!("set local statement_timeout = '{timeout_s}s'; set local work_mem = '64MB'");
        let mut patterns: Patterns<'_> = self.forms.like_patterns().unzip();
        loop {
            let transaction = session.begin().await?;
            transaction.batch_execute(&settings).await.with_context(failed)?;
            let examples = self
                .read(&transaction, run, &patterns, lexicon, &mut has_term)
                .await;
            transaction.rollback().await.with_context(failed)?;
            match examples {
                Ok(examples) => return Ok(examples),
                // A database in EUC-KR cannot have each misspelling of a list (뷁). The names alone are searched then.
                Err(error) if is_untranslatable(&error) && !patterns.0.is_empty() => {
                    patterns = Patterns::default()
                }
                Err(error) if error.code().is_some() => {
                    let error = without_content(error.into());
                    tracing::warn!(run_id = %run.id, "the report of run {} has no examples: {error:#}", run.id);
                    return Ok(HashMap::new());
                }
                Err(error) => return Err(without_content(error.into()).context(failed())),
            }
        }
    }

    async fn read(
        &self,
        transaction: &Transaction<'_>,
        run: &Run,
        patterns: &Patterns<'_>,
        lexicon: Lexicon<'_>,
        mut has_term: impl FnMut(&str, &str) -> bool,
    ) -> Result<HashMap<String, Vec<Example>>, tokio_postgres::Error> {
        let min_documents = i64::from(self.min_documents);
        let parameters = [
            (&run.id as &(dyn ToSql + Sync), Type::UUID),
            (&run.starts_at, Type::TIMESTAMPTZ),
            (&run.ends_at, Type::TIMESTAMPTZ),
            (&self.buildings, Type::TEXT_ARRAY),
            (&min_documents, Type::INT8),
            (&patterns.0, Type::TEXT_ARRAY),
            (&patterns.1, Type::TEXT_ARRAY),
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
            if let Some(example) = example(body, term, self.forms, lexicon, |sentence| {
                has_term(sentence, term)
            }) && !kept.iter().any(|other| other.text == example.text)
            {
                kept.push(example);
            }
        }
        Ok(examples)
    }
}

fn is_untranslatable(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::UNTRANSLATABLE_CHARACTER)
}
