//! A building's part of a task: counted attempts, and results that are stored completely or not at all.

use anyhow::{Context, anyhow};
use postgres_session::is_rejected_data;
use std::pin::pin;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement, Transaction};

use super::fence::{self, FENCE, WriteError};
use super::task::Claim;
use crate::period::Period;

/// Number of attempts at a building before it is failed.
pub const ATTEMPTS: i32 = 3;

/// A building that is still to be analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedBuilding {
    /// Id of the building.
    pub building_id: String,
    /// Number of attempts that were begun already.
    pub attempts: i32,
}

/// Numbers of a building's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of texts.
    pub documents: i64,
    /// Number of morphemes in them.
    pub morphemes: i64,
    /// Each term once, ordered by its bytes.
    pub terms: Vec<TermCount>,
}

/// Numbers of one term in a building's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermCount {
    /// A noun or compound noun.
    pub term: String,
    /// Number of occurrences.
    pub frequency: i64,
    /// Number of texts that contain the term.
    pub documents: i64,
}

/// Numbers of a task's buildings by state, and of the texts analysed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Buildings that are analysed and stored.
    pub done: i64,
    /// Buildings that are failed after [`ATTEMPTS`].
    pub failed: i64,
    /// Buildings that are unfinished.
    pub left: i64,
    /// Texts of the buildings that are done.
    pub documents: i64,
    /// Morphemes in these texts.
    pub morphemes: i64,
}

/// Outcome of [`BuildingWriter::store`].
#[derive(Debug)]
pub enum StoreOutcome {
    /// The results are stored and the building is done.
    Stored,
    /// The database rejected the results, and would reject them again. It is well otherwise.
    Rejected(anyhow::Error),
}

/// The one connection through which a task's results are written.
///
/// Its commits do not wait for the disk: a crash of the database loses the last of them together with
/// everything that followed, and the task repeats the work that the ledger then lacks. The commit that ends
/// the task waits for the disk, and makes all of them durable.
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
        let failed = "could not prepare the connection that stores buildings";
        client
            .batch_execute("set synchronous_commit = off")
            .await
            .context(failed)?;
        let copy =
            "copy stat_term (run_id, building_id, term, frequency, documents) from stdin (format binary)";
        let copy = client.prepare(copy).await.context(failed)?;
        Ok(Self {
            client,
            copy,
            claim,
            period,
        })
    }

    /// Returns the connection, for statements about the task as a whole.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Returns the task's unfinished buildings, those begun least often first, so that a building that kills
    /// the process does not keep the others from their turn.
    ///
    /// A building that was begun [`ATTEMPTS`] times and never ended is failed first, with the reason that
    /// can be known.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost or the database fails.
    pub async fn unfinished(&mut self) -> Result<Vec<UnfinishedBuilding>, WriteError> {
        let Claim { run_id, task, .. } = self.claim;
        let failed = || format!("could not read the buildings of task {task} of run {run_id}");
        let transaction = fence::begin(&mut self.client, &self.claim).await?;
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
            .map(|row| UnfinishedBuilding {
                building_id: row.get(0),
                attempts: row.get(1),
            })
            .collect())
    }

    /// Counts an attempt at the building before the work: a building that kills the process must have
    /// been counted by then.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost, the building does not belong to the task, or the database
    /// fails.
    pub async fn begin(&mut self, building_id: &str) -> Result<(), WriteError> {
        // One statement, which is a transaction of its own: it delays the analysis of the next building.
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
            .with_context(|| format!("could not begin building {building_id}"))?;
        fence::check_row(&row)?;
        if row.get::<_, i64>(2) != 1 {
            return Err(not_in_task(building_id, &self.claim));
        }
        Ok(())
    }

    /// Stores a building's results and ends it, both or neither.
    ///
    /// The accident prevented: an invocation that dies between results and ledger makes the next one store
    /// the building a second time, or never.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost, the building does not belong to the task, or the database
    /// fails.
    pub async fn store(&mut self, building_id: &str, counts: &Counts) -> Result<StoreOutcome, WriteError> {
        let failed = || format!("could not store building {building_id}");
        let transaction = fence::begin(&mut self.client, &self.claim).await?;
        let Self {
            copy, claim, period, ..
        } = self;
        let ended = match store_results(&transaction, copy, claim, *period, building_id, counts).await {
            Ok(ended) => ended,
            Err(error) if is_rejected_data(&error) => {
                return Ok(StoreOutcome::Rejected(
                    anyhow::Error::new(error).context(failed()),
                ));
            }
            Err(error) => return Err(anyhow::Error::new(error).context(failed()).into()),
        };
        if ended != 1 {
            return Err(not_in_task(building_id, claim));
        }
        transaction.commit().await.with_context(failed)?;
        Ok(StoreOutcome::Stored)
    }

    /// Records that an attempt at the building failed; after the last attempt the building is failed.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost or the database fails.
    pub async fn record_failure(&mut self, building_id: &str, error: &str) -> Result<(), WriteError> {
        let transaction = fence::begin(&mut self.client, &self.claim).await?;
        let failed = || format!("could not record the failure of building {building_id}");
        let Claim { run_id, task, .. } = &self.claim;
        transaction
            .execute(
                "update stat_task_building
                 set state = case when attempts >= $5 then 'failed' else 'queued' end, error = $4
                 where run_id = $1 and task = $2 and building_id = $3",
                &[run_id, task, &building_id, &error, &ATTEMPTS],
            )
            .await
            .with_context(failed)?;
        transaction.commit().await.with_context(failed)?;
        Ok(())
    }

    /// Counts the task's buildings by state, and their texts.
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
            .with_context(|| format!("could not count the buildings of task {task} of run {run_id}"))?;
        Ok(Tally {
            done: row.get(0),
            failed: row.get(1),
            left: row.get(2),
            documents: row.get(3),
            morphemes: row.get(4),
        })
    }
}

fn not_in_task(building_id: &str, claim: &Claim) -> WriteError {
    let Claim { run_id, task, .. } = claim;
    anyhow!("building {building_id} does not belong to task {task} of run {run_id}").into()
}

/// Writes the results and ends the building in the ledger. Returns the number of buildings that were ended.
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
