//! A building's part of a task: counted attempts, and results that are there completely or not at all.

use anyhow::Context;
use std::pin::pin;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use crate::fence;
use crate::period::Period;
use crate::task::Claim;

/// How often a building is tried.
pub const ATTEMPTS: i32 = 3;

/// A building that is still to be analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its id.
    pub building_id: String,
    /// How often it was begun already.
    pub attempts: i32,
}

/// What a building's texts hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of texts.
    pub documents: i64,
    /// Number of morphemes in them.
    pub morphemes: i64,
    /// The terms, each once, in the order of their bytes.
    pub terms: Vec<TermCount>,
}

/// How often a term occurs in a building's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermCount {
    /// A noun or compound noun.
    pub term: String,
    /// Number of occurrences.
    pub frequency: i64,
    /// Number of texts with at least one.
    pub documents: i64,
}

/// How many of a task's buildings are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Analysed and stored.
    pub done: i64,
    /// Given up after [`ATTEMPTS`].
    pub failed: i64,
    /// Still to do.
    pub left: i64,
    /// Texts of the buildings that are done.
    pub documents: i64,
    /// Morphemes of these texts.
    pub morphemes: i64,
}

/// The buildings of the task that are not finished, those begun least often first, so that one that kills
/// the process does not keep the others from their turn.
///
/// One that was begun [`ATTEMPTS`] times and never ended is failed first, with the reason that can be
/// known.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn unfinished(client: &mut Client, claim: &Claim) -> anyhow::Result<Vec<Unfinished>> {
    let transaction = fence::begin(client, claim, false).await?;
    let Claim { run_id, task, .. } = claim;
    let failed = || format!("could not read the buildings of task {task} of run {run_id}");
    transaction
        .execute(
            "update stat_task_building
             set state = 'failed',
                 error = coalesce(error || '; then ', '')
                         || 'the invocation ended in the middle of it: killed, out of memory or out of time'
             where run_id = $1 and task = $2 and attempts >= $3 and state in ('queued', 'running')",
            &[&run_id, &task, &ATTEMPTS],
        )
        .await
        .with_context(failed)?;
    let rows = transaction
        .query(
            "select building_id, attempts from stat_task_building
             where run_id = $1 and task = $2 and state in ('queued', 'running')
             order by attempts, building_id",
            &[&run_id, &task],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)?;
    Ok(rows
        .iter()
        .map(|row| Unfinished {
            building_id: row.get(0),
            attempts: row.get(1),
        })
        .collect())
}

/// Counts an attempt at the building, before the work: a building that kills the process must have been
/// counted by then.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn begin(client: &mut Client, claim: &Claim, building_id: &str) -> anyhow::Result<()> {
    let transaction = fence::begin(client, claim, false).await?;
    let failed = || format!("could not begin the building {building_id}");
    transaction
        .execute_typed(
            "update stat_task_building set state = 'running', attempts = attempts + 1
             where run_id = $1 and task = $2 and building_id = $3",
            &[
                (&claim.run_id, Type::UUID),
                (&claim.task, Type::INT4),
                (&building_id, Type::TEXT),
            ],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)?;
    Ok(())
}

/// Stores a building's results and ends it, both or neither.
///
/// The accident prevented: an invocation that dies between results and ledger makes the next one store
/// the building a second time, or never.
///
/// # Errors
/// [`fence::Lost`], or when the database fails or refuses the results.
pub async fn store(
    client: &mut Client,
    claim: &Claim,
    period: Period,
    building_id: &str,
    counts: &Counts,
) -> anyhow::Result<()> {
    let transaction = fence::begin(client, claim, false).await?;
    let failed = || format!("could not store the building {building_id}");
    copy_terms(&transaction, claim, building_id, &counts.terms)
        .await
        .with_context(failed)?;
    transaction
        .execute_typed(
            "with stored as (
                insert into stat_building (run_id, building_id, period_id, documents, morphemes)
                values ($1, $3, $4, $5, $6))
             update stat_task_building set state = 'done', error = null
             where run_id = $1 and task = $2 and building_id = $3",
            &[
                (&claim.run_id, Type::UUID),
                (&claim.task, Type::INT4),
                (&building_id, Type::TEXT),
                (&period.to_string(), Type::TEXT),
                (&counts.documents, Type::INT8),
                (&counts.morphemes, Type::INT8),
            ],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)?;
    Ok(())
}

async fn copy_terms(
    transaction: &Transaction<'_>,
    claim: &Claim,
    building_id: &str,
    terms: &[TermCount],
) -> Result<(), tokio_postgres::Error> {
    if terms.is_empty() {
        return Ok(());
    }
    let sink = transaction
        .copy_in(
            "copy stat_term (run_id, building_id, term, frequency, documents) from stdin (format binary)",
        )
        .await?;
    let types = [Type::UUID, Type::TEXT, Type::TEXT, Type::INT8, Type::INT8];
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for TermCount {
        term,
        frequency,
        documents,
    } in terms
    {
        writer
            .as_mut()
            .write(&[&claim.run_id, &building_id, term, frequency, documents])
            .await?;
    }
    writer.as_mut().finish().await?;
    Ok(())
}

/// Notes that an attempt at the building failed; after the last one the building is failed for good.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn note_failure(
    client: &mut Client,
    claim: &Claim,
    building_id: &str,
    error: &str,
) -> anyhow::Result<()> {
    let transaction = fence::begin(client, claim, false).await?;
    let failed = || format!("could not note the failure of the building {building_id}");
    transaction
        .execute(
            "update stat_task_building
             set state = case when attempts >= $5 then 'failed' else 'queued' end, error = $4
             where run_id = $1 and task = $2 and building_id = $3",
            &[&claim.run_id, &claim.task, &building_id, &error, &ATTEMPTS],
        )
        .await
        .with_context(failed)?;
    transaction.commit().await.with_context(failed)?;
    Ok(())
}

/// How far the task's buildings are.
///
/// # Errors
/// [`fence::Lost`], or when the database fails.
pub async fn tally(client: &Client, claim: &Claim) -> anyhow::Result<Tally> {
    let row = client
        .query_one(
            "select count(*) filter (where state = 'done'), count(*) filter (where state = 'failed'),
                    count(*) filter (where state in ('queued', 'running')),
                    coalesce(sum(documents), 0)::bigint, coalesce(sum(morphemes), 0)::bigint
             from stat_task_building left join stat_building using (run_id, building_id)
             where run_id = $1 and task = $2",
            &[&claim.run_id, &claim.task],
        )
        .await
        .with_context(|| format!("could not count the buildings of task {}", claim.task))?;
    Ok(Tally {
        done: row.get(0),
        failed: row.get(1),
        left: row.get(2),
        documents: row.get(3),
        morphemes: row.get(4),
    })
}
