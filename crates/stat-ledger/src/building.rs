//! A building's part of a task: counted attempts, and results that are there completely or not at all.

use anyhow::{Context, bail};
use std::pin::pin;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement, Transaction};

use crate::fence::{self, FENCE};
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

/// The database took exception to the results of one building, and is well otherwise.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct ResultsRefused(anyhow::Error);

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

/// The one connection by which a task's results are written.
///
/// Its commits do not wait for the disk: a crash of the database loses the last of them together with
/// whatever followed, and the task does again what the ledger then lacks. The commit that ends the task
/// waits, and makes all of them last.
pub struct BuildingWriter {
    client: Client,
    copy: Statement,
    claim: Claim,
    period: Period,
}

impl BuildingWriter {
    /// Takes over the connection that claimed the task.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn new(client: Client, claim: Claim, period: Period) -> anyhow::Result<Self> {
        client
            .batch_execute("set synchronous_commit = off")
            .await
            .context("could not set up the writer")?;
        let copy =
            "copy stat_term (run_id, building_id, term, frequency, documents) from stdin (format binary)";
        let copy = client
            .prepare(copy)
            .await
            .context("could not set up the writer")?;
        Ok(Self {
            client,
            copy,
            claim,
            period,
        })
    }

    /// The connection, for what concerns the task as a whole.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The buildings of the task that are not finished, those begun least often first, so that one that
    /// kills the process does not keep the others from their turn.
    ///
    /// One that was begun [`ATTEMPTS`] times and never ended is failed first, with the reason that can be
    /// known.
    ///
    /// # Errors
    /// [`fence::Lost`], or when the database fails.
    pub async fn unfinished(&mut self) -> anyhow::Result<Vec<Unfinished>> {
        let Claim { run_id, task, .. } = self.claim;
        let failed = || format!("could not read the buildings of task {task} of run {run_id}");
        let transaction = fence::begin(&mut self.client, &self.claim, false).await?;
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

    /// Counts an attempt at the building, before the work: a building that kills the process must have
    /// been counted by then.
    ///
    /// # Errors
    /// [`fence::Lost`], or when the database fails.
    pub async fn begin(&mut self, building_id: &str) -> anyhow::Result<()> {
        // In one statement, which is a transaction of its own: this stands between two buildings' analyses.
        let query = format!(
            "with {FENCE},
             begun as (
                update stat_task_building set state = 'running', attempts = attempts + 1
                where run_id = $1 and task = $2 and building_id = $4 and exists (select from mine)
                returning 1)
             select (select count(*) from period), (select count(*) from mine), (select count(*) from begun)"
        );
        let row = self
            .client
            .query_typed_one(
                &query,
                &[
                    (&self.claim.run_id, Type::UUID),
                    (&self.claim.task, Type::INT4),
                    (&self.claim.attempt, Type::INT4),
                    (&building_id, Type::TEXT),
                ],
            )
            .await
            .with_context(|| format!("could not begin the building {building_id}"))?;
        fence::check(&row)?;
        if row.get::<_, i64>(2) != 1 {
            bail!("the building {building_id} is none of task {}", self.claim.task);
        }
        Ok(())
    }

    /// Stores a building's results and ends it, both or neither.
    ///
    /// The accident prevented: an invocation that dies between results and ledger makes the next one store
    /// the building a second time, or never.
    ///
    /// # Errors
    /// [`ResultsRefused`] where the next attempt would fare no better; [`fence::Lost`], or when the database
    /// fails.
    pub async fn store(&mut self, building_id: &str, counts: &Counts) -> anyhow::Result<()> {
        let transaction = fence::begin(&mut self.client, &self.claim, false).await?;
        let Self {
            copy, claim, period, ..
        } = self;
        let stored = store_results(&transaction, copy, claim, *period, building_id, counts).await;
        let changed = stored.map_err(|error| {
            let about_results = is_about_results(&error);
            let error =
                anyhow::Error::new(error).context(format!("could not store the building {building_id}"));
            if about_results {
                ResultsRefused(error).into()
            } else {
                error
            }
        })?;
        if changed != 1 {
            bail!("the building {building_id} is none of task {}", claim.task);
        }
        transaction
            .commit()
            .await
            .with_context(|| format!("could not store the building {building_id}"))
    }

    /// Notes that an attempt at the building failed; after the last one the building is failed for good.
    ///
    /// # Errors
    /// [`fence::Lost`], or when the database fails.
    pub async fn note_failure(&mut self, building_id: &str, error: &str) -> anyhow::Result<()> {
        let transaction = fence::begin(&mut self.client, &self.claim, false).await?;
        let failed = || format!("could not note the failure of the building {building_id}");
        transaction
            .execute(
                "update stat_task_building
                 set state = case when attempts >= $5 then 'failed' else 'queued' end, error = $4
                 where run_id = $1 and task = $2 and building_id = $3",
                &[
                    &self.claim.run_id,
                    &self.claim.task,
                    &building_id,
                    &error,
                    &ATTEMPTS,
                ],
            )
            .await
            .with_context(failed)?;
        transaction.commit().await.with_context(failed)
    }

    /// How far the task's buildings are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tally(&self) -> anyhow::Result<Tally> {
        let Claim { run_id, task, .. } = self.claim;
        let row = self
            .client
            .query_one(
                "select count(*) filter (where state = 'done'), count(*) filter (where state = 'failed'),
                        count(*) filter (where state in ('queued', 'running')),
                        coalesce(sum(documents), 0)::bigint, coalesce(sum(morphemes), 0)::bigint
                 from stat_task_building left join stat_building using (run_id, building_id)
                 where run_id = $1 and task = $2",
                &[&run_id, &task],
            )
            .await
            .with_context(|| format!("could not count the buildings of task {task}"))?;
        Ok(Tally {
            done: row.get(0),
            failed: row.get(1),
            left: row.get(2),
            documents: row.get(3),
            morphemes: row.get(4),
        })
    }
}

/// Returns how many buildings of the ledger were ended.
async fn store_results(
    transaction: &Transaction<'_>,
    copy: &Statement,
    claim: &Claim,
    period: Period,
    building_id: &str,
    counts: &Counts,
) -> Result<u64, tokio_postgres::Error> {
    copy_terms(transaction, copy, claim, building_id, &counts.terms).await?;
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
}

/// Whether the database refused the results themselves: SQLSTATE classes 21 to 23 (cardinality, data,
/// integrity), 54 (a limit of the database) and P0 (a trigger's own word).
fn is_about_results(error: &tokio_postgres::Error) -> bool {
    let classes = ["21", "22", "23", "54", "P0"];
    error
        .code()
        .is_some_and(|state| classes.iter().any(|class| state.code().starts_with(class)))
}

async fn copy_terms(
    transaction: &Transaction<'_>,
    copy: &Statement,
    claim: &Claim,
    building_id: &str,
    terms: &[TermCount],
) -> Result<(), tokio_postgres::Error> {
    if terms.is_empty() {
        return Ok(());
    }
    let sink = transaction.copy_in(copy).await?;
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
