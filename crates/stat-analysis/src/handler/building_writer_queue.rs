//! The queue before the database: a batch of buildings is stored while the next one is analysed.

use std::slice;
use std::time::Duration;

use anyhow::Context;
use lambda_core::clock;
use stat_ledger::building::{BuildingResult, BuildingWriter, Counts, StoreOutcome};
use stat_ledger::fence::WriteError;
use tokio::task::JoinHandle;
use tracing::Instrument;

/// The result of a building's analysis.
pub(super) struct AnalysedBuilding {
    pub(super) building_id: String,
    /// The counts, or the reason why there are none.
    pub(super) counts: Result<Counts, String>,
}

pub(super) struct BuildingWriterQueue {
    /// `None` while a batch is being stored.
    writer: Option<BuildingWriter>,
    storing: Option<JoinHandle<(BuildingWriter, Result<Duration, WriteError>)>>,
    analysed: Vec<AnalysedBuilding>,
    /// Time that the last batch took to be stored.
    pub(super) stored_within: Duration,
    /// `true` if a building is stored before the next one begins.
    pub(super) one_by_one: bool,
}

impl BuildingWriterQueue {
    pub(super) fn new(writer: BuildingWriter) -> Self {
        Self {
            writer: Some(writer),
            storing: None,
            analysed: Vec::new(),
            stored_within: Duration::ZERO,
            one_by_one: false,
        }
    }

    /// Counts an attempt at each building of a batch, and only then starts to store the batch before it, which runs
    /// beside the analysis. [`Self::wait`] must have been called before.
    pub(super) async fn begin(&mut self, buildings: &[&str]) -> Result<(), WriteError> {
        if self.one_by_one {
            self.flush().await?;
        }
        self.idle_writer().begin(buildings).await?;
        self.start_storing();
        Ok(())
    }

    /// Adds a batch, which is stored when the next one begins.
    pub(super) fn push(&mut self, batch: Vec<AnalysedBuilding>) {
        self.analysed = batch;
    }

    /// Waits until the batch that is being stored is stored.
    pub(super) async fn wait(&mut self) -> Result<(), WriteError> {
        let Some(storing) = self.storing.take() else {
            return Ok(());
        };
        let (writer, stored) = storing
            .await
            .context("could not store a batch of buildings: panic")?;
        self.writer = Some(writer);
        self.stored_within = stored?;
        Ok(())
    }

    /// Stores all buildings, and returns the writer.
    pub(super) async fn flush(&mut self) -> Result<&mut BuildingWriter, WriteError> {
        self.wait().await?;
        self.start_storing();
        self.wait().await?;
        Ok(self.idle_writer())
    }

    /// Takes back the attempts at buildings that were begun and not reached.
    pub(super) async fn give_back(&mut self, buildings: &[&str]) -> Result<(), WriteError> {
        self.wait().await?;
        self.idle_writer().give_back(buildings).await
    }

    fn start_storing(&mut self) {
        if self.analysed.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.analysed);
        let mut writer = self.writer.take().expect("one batch is stored at a time");
        let storing = async move {
            let began = clock::instant();
            let stored = store(&mut writer, batch).await;
            (writer, stored.map(|()| clock::instant() - began))
        };
        // In the span of the request, which adds the request's id to each log line.
        self.storing = Some(tokio::spawn(storing.in_current_span()));
    }

    fn idle_writer(&mut self) -> &mut BuildingWriter {
        self.writer.as_mut().expect("`wait` returns the writer")
    }
}

/// Stores a batch in one transaction. If the database rejects it, each building is stored alone, and those that it
/// rejects again have failed, as those whose analysis failed.
async fn store(writer: &mut BuildingWriter, batch: Vec<AnalysedBuilding>) -> Result<(), WriteError> {
    let mut results = Vec::new();
    let mut failures = Vec::new();
    for AnalysedBuilding { building_id, counts } in batch {
        match counts {
            Ok(counts) => results.push(BuildingResult { building_id, counts }),
            Err(failure) => failures.push((building_id, failure)),
        }
    }
    if !results.is_empty()
        && let StoreOutcome::Rejected(error) = writer.store(&results).await?
    {
        failures.extend(store_alone(writer, results, error).await?);
    }
    for (building_id, failure) in failures {
        // The reason is in the ledger only: a database's message may quote a text.
        tracing::warn!(
            building.id = building_id,
            "an attempt at building {building_id} failed; the column stat_task_building.error has the reason"
        );
        writer.record_failure(&building_id, &failure).await?;
    }
    Ok(())
}

/// Stores each building of a rejected batch alone. Returns the rejected ones with the reasons.
async fn store_alone(
    writer: &mut BuildingWriter,
    results: Vec<BuildingResult>,
    error: anyhow::Error,
) -> Result<Vec<(String, String)>, WriteError> {
    if let [result] = results.as_slice() {
        return Ok(vec![(result.building_id.clone(), format!("{error:#}"))]);
    }
    let mut rejected = Vec::new();
    for result in results {
        if let StoreOutcome::Rejected(error) = writer.store(slice::from_ref(&result)).await? {
            rejected.push((result.building_id, format!("{error:#}")));
        }
    }
    Ok(rejected)
}
