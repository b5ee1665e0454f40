//! A building's part of a task: counted attempts, and results that are stored completely or not at all.

use std::pin::pin;

use anyhow::{Context, anyhow};
use postgres_session::{Session, is_rejected_data};
use tokio_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

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
    /// Number of texts when the run was planned; [`UNKNOWN_TEXTS`] in runs of releases that did not record it.
    pub texts: i64,
}

/// A number of texts that no small building has, for buildings with an unknown number.
pub const UNKNOWN_TEXTS: i64 = 1_000_000;

/// The results of a building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildingResult {
    /// Id of the building.
    pub building_id: String,
    /// Numbers of its texts.
    pub counts: Counts,
}

/// Numbers of a building's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of texts.
    pub documents: i64,
    /// Number of morphemes in the texts.
    pub morphemes: i64,
    /// Each term once, ordered by its bytes.
    pub terms: Vec<TermCount>,
    /// Each category that a text has, once.
    pub categories: Vec<CategoryCount>,
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

/// Number of a building's texts in one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryCount {
    /// Name of the category.
    pub category: String,
    /// Number of texts with a term of the category. A text counts in each of its categories.
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
    /// All results are stored and the buildings are done.
    Stored,
    /// The database rejected the results, and would reject them again. It is well otherwise.
    Rejected(anyhow::Error),
}

/// The one connection through which a task's results are written.
///
/// Its commits do not wait for the disk: a crash of the database loses the last of them together with
/// everything that followed, and the task repeats the work that the ledger then lacks. The commit that ends
/// the task waits for the disk, and makes all of them durable.
///
/// Each method is one transaction. Behind a pooler, several tasks share a few connections of the server.
pub struct BuildingWriter {
    session: Session,
    claim: Claim,
    period: Period,
}

/// Statement that receives the terms of a batch.
const COPY: &str =
    "copy stat_term (run_id, building_id, term, frequency, documents) from stdin (format binary)";

impl BuildingWriter {
    /// Takes over the connection that claimed the task.
    pub fn new(session: Session, claim: Claim, period: Period) -> Self {
        Self {
            session,
            claim,
            period,
        }
    }

    /// Returns the connection, for statements about the task as a whole.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
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
        let transaction = self.begin_write().await?;
        transaction
            .execute_typed(
                "update stat_task_building
                 set state = 'failed',
                     error = coalesce(error || '; then ', '')
                             || 'the invocation ended in the middle of it: killed, out of memory or out of time'
                 where run_id = $1 and task = $2 and attempts >= $3 and state in ('queued', 'running')",
                &[(&run_id, Type::UUID), (&task, Type::INT4), (&ATTEMPTS, Type::INT4)],
            )
            .await
            .with_context(failed)?;
        let rows = transaction
            .query_typed(
                "select building_id, attempts, coalesce(texts, $3) from stat_task_building
                 where run_id = $1 and task = $2 and state in ('queued', 'running')
                 order by attempts, building_id",
                &[
                    (&run_id, Type::UUID),
                    (&task, Type::INT4),
                    (&UNKNOWN_TEXTS, Type::INT8),
                ],
            )
            .await
            .with_context(failed)?;
        transaction.commit().await.with_context(failed)?;
        Ok(rows
            .iter()
            .map(|row| UnfinishedBuilding {
                building_id: row.get(0),
                attempts: row.get(1),
                texts: row.get(2),
            })
            .collect())
    }

    /// Counts an attempt at each building before the work: a building that kills the process must have been
    /// counted by then.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost, a building does not belong to the task, or the database fails.
    pub async fn begin(&mut self, buildings: &[&str]) -> Result<(), WriteError> {
        // One round trip: it delays the analysis of these buildings.
        let query = format!(
            "with {FENCE},
             begun as (
                update stat_task_building set state = 'running', attempts = attempts + 1
                where run_id = $1 and task = $2 and building_id = any($4) and exists (select from mine)
                returning building_id)
             select (select count(*) from period), (select count(*) from mine),
                    (select coalesce(array_agg(building_id), '{{}}') from begun)"
        );
        let Claim {
            run_id,
            task,
            attempt,
        } = &self.claim;
        let rows = self
            .session
            .query_alone(
                &query,
                &[
                    (run_id, Type::UUID),
                    (task, Type::INT4),
                    (attempt, Type::INT4),
                    (&buildings, Type::TEXT_ARRAY),
                ],
            )
            .await
            .with_context(|| format!("could not begin {}", named(buildings)))?;
        let row = rows.first().context("a query of counts returned no row")?;
        fence::check_row(row)?;
        let begun: Vec<&str> = row.get(2);
        match buildings.iter().find(|building| !begun.contains(building)) {
            Some(other) => Err(not_in_task(other, &self.claim)),
            None => Ok(()),
        }
    }

    /// Stores the results of a batch of buildings and ends them: all, or none.
    ///
    /// The accident prevented: an invocation that dies between results and ledger makes the next one store
    /// a building a second time, or never.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost, a building does not belong to the task, or the database fails.
    pub async fn store(&mut self, batch: &[BuildingResult]) -> Result<StoreOutcome, WriteError> {
        let ids: Vec<&str> = batch.iter().map(|result| result.building_id.as_str()).collect();
        let failed = || format!("could not store {}", named(&ids));
        let (claim, period) = (self.claim.clone(), self.period);
        let transaction = self.begin_write().await?;
        let ended = match store_results(&transaction, &claim, period, &ids, batch).await {
            Ok(ended) => ended,
            Err(error) if is_rejected_data(&error) => {
                return Ok(StoreOutcome::Rejected(
                    anyhow::Error::new(error).context(failed()),
                ));
            }
            Err(error) => return Err(anyhow::Error::new(error).context(failed()).into()),
        };
        if let Some(other) = ids.iter().find(|id| !ended.iter().any(|ended| ended == *id)) {
            return Err(not_in_task(other, &claim));
        }
        transaction.commit().await.with_context(failed)?;
        Ok(StoreOutcome::Stored)
    }

    /// Records that an attempt at the building failed; after the last attempt the building is failed.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost or the database fails.
    pub async fn record_failure(&mut self, building_id: &str, error: &str) -> Result<(), WriteError> {
        let failed = || format!("could not record the failure of building {building_id}");
        let Claim { run_id, task, .. } = self.claim;
        let transaction = self.begin_write().await?;
        transaction
            .execute_typed(
                "update stat_task_building
                 set state = case when attempts >= $5 then 'failed' else 'queued' end, error = $4
                 where run_id = $1 and task = $2 and building_id = $3",
                &[
                    (&run_id, Type::UUID),
                    (&task, Type::INT4),
                    (&building_id, Type::TEXT),
                    (&error, Type::TEXT),
                    (&ATTEMPTS, Type::INT4),
                ],
            )
            .await
            .with_context(failed)?;
        transaction.commit().await.with_context(failed)?;
        Ok(())
    }

    /// Takes back the attempts at buildings that were begun and not reached.
    ///
    /// # Errors
    /// [`WriteError`] when the claim is lost or the database fails.
    pub async fn give_back(&mut self, buildings: &[&str]) -> Result<(), WriteError> {
        if buildings.is_empty() {
            return Ok(());
        }
        let failed = || format!("could not give {} their attempts back", named(buildings));
        let Claim { run_id, task, .. } = self.claim;
        let transaction = self.begin_write().await?;
        transaction
            .execute_typed(
                "update stat_task_building set state = 'queued', attempts = attempts - 1
                 where run_id = $1 and task = $2 and building_id = any($3) and state = 'running'",
                &[
                    (&run_id, Type::UUID),
                    (&task, Type::INT4),
                    (&buildings, Type::TEXT_ARRAY),
                ],
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
    pub async fn tally(&mut self) -> anyhow::Result<Tally> {
        let Claim { run_id, task, .. } = self.claim;
        let failed = || format!("could not count the buildings of task {task} of run {run_id}");
        let rows = self
            .session
            .query_alone(
                "select count(*) filter (where state = 'done'), count(*) filter (where state = 'failed'),
                        count(*) filter (where state in ('queued', 'running')),
                        coalesce(sum(documents), 0)::bigint, coalesce(sum(morphemes), 0)::bigint
                 from stat_task_building left join stat_building using (run_id, building_id)
                 where run_id = $1 and task = $2",
                &[(&run_id, Type::UUID), (&task, Type::INT4)],
            )
            .await
            .with_context(failed)?;
        let row = rows.first().with_context(failed)?;
        Ok(Tally {
            done: row.get(0),
            failed: row.get(1),
            left: row.get(2),
            documents: row.get(3),
            morphemes: row.get(4),
        })
    }

    /// Begins a transaction under the fence, whose commit does not wait for the disk.
    async fn begin_write(&mut self) -> Result<Transaction<'_>, WriteError> {
        let transaction = fence::begin(&mut self.session, &self.claim).await?;
        let set = transaction
            .batch_execute("set local synchronous_commit = off")
            .await;
        set.context("could not begin a transaction")?;
        Ok(transaction)
    }
}

/// Names a batch of buildings in messages.
fn named(buildings: &[&str]) -> String {
    match buildings {
        [building] => format!("building {building}"),
        [first, .., last] => format!("the {} buildings {first} … {last}", buildings.len()),
        [] => "no building".to_owned(),
    }
}

fn not_in_task(building_id: &str, claim: &Claim) -> WriteError {
    let Claim { run_id, task, .. } = claim;
    anyhow!("building {building_id} does not belong to task {task} of run {run_id}").into()
}

/// Writes the results and ends the buildings in the ledger. Returns the ids of the buildings that were ended.
async fn store_results(
    transaction: &Transaction<'_>,
    claim: &Claim,
    period: Period,
    ids: &[&str],
    batch: &[BuildingResult],
) -> Result<Vec<String>, tokio_postgres::Error> {
    copy_terms(transaction, claim, batch).await?;
    let documents: Vec<i64> = batch.iter().map(|result| result.counts.documents).collect();
    let morphemes: Vec<i64> = batch.iter().map(|result| result.counts.morphemes).collect();
    let categories = CategoryColumns::of(batch);
    let rows = transaction
        .query_typed(
            "with stored as (
                insert into stat_building (run_id, building_id, period_id, documents, morphemes)
                select $1, id, $4, documents, morphemes
                from unnest($3, $5, $6) result(id, documents, morphemes)),
             categorised as (
                insert into stat_category (run_id, building_id, category, documents)
                select $1, * from unnest($7, $8, $9))
             update stat_task_building set state = 'done', error = null
             where run_id = $1 and task = $2 and building_id = any($3) returning building_id",
            &[
                (&claim.run_id, Type::UUID),
                (&claim.task, Type::INT4),
                (&ids, Type::TEXT_ARRAY),
                (&period.to_string(), Type::TEXT),
                (&documents, Type::INT8_ARRAY),
                (&morphemes, Type::INT8_ARRAY),
                (&categories.buildings, Type::TEXT_ARRAY),
                (&categories.categories, Type::TEXT_ARRAY),
                (&categories.documents, Type::INT8_ARRAY),
            ],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Rows of `stat_category`, by column.
#[derive(Default)]
struct CategoryColumns<'a> {
    buildings: Vec<&'a str>,
    categories: Vec<&'a str>,
    documents: Vec<i64>,
}

impl<'a> CategoryColumns<'a> {
    fn of(batch: &'a [BuildingResult]) -> Self {
        let mut columns = Self::default();
        for BuildingResult { building_id, counts } in batch {
            for CategoryCount { category, documents } in &counts.categories {
                columns.buildings.push(building_id);
                columns.categories.push(category);
                columns.documents.push(*documents);
            }
        }
        columns
    }
}

async fn copy_terms(
    transaction: &Transaction<'_>,
    claim: &Claim,
    batch: &[BuildingResult],
) -> Result<(), tokio_postgres::Error> {
    if batch.iter().all(|result| result.counts.terms.is_empty()) {
        return Ok(());
    }
    // The driver copies only with a named statement. It is closed at the end of this function and so before the
    // commit: a pooler in transaction mode gives the server's connection to another client then.
    let copy = transaction.prepare(COPY).await?;
    let sink = transaction.copy_in(&copy).await?;
    let types = [Type::UUID, Type::TEXT, Type::TEXT, Type::INT8, Type::INT8];
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for BuildingResult { building_id, counts } in batch {
        for TermCount {
            term,
            frequency,
            documents,
        } in &counts.terms
        {
            writer
                .as_mut()
                .write(&[&claim.run_id, building_id, term, frequency, documents])
                .await?;
        }
    }
    writer.as_mut().finish().await?;
    Ok(())
}
