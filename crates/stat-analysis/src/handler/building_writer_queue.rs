//! The queue before the database: a building is stored while the next one is analysed.

use anyhow::Context;
use stat_ledger::building::{BuildingWriter, Counts, StoreOutcome};
use stat_ledger::fence::WriteError;
use tokio::task::JoinHandle;
use tracing::Instrument;

/// The result of a building's analysis.
pub(super) struct AnalysedBuilding {
    pub(super) building_id: String,
    /// The counts, or the reason why there are none.
    pub(super) counts: Result<Counts, String>,
}

impl AnalysedBuilding {
    pub(super) fn without_texts(building_id: &str) -> Self {
        Self {
            building_id: building_id.to_owned(),
            counts: Ok(Counts::default()),
        }
    }
}

pub(super) struct BuildingWriterQueue {
    /// `None` while a building is being stored.
    writer: Option<BuildingWriter>,
    storing: Option<JoinHandle<(BuildingWriter, Result<(), WriteError>)>>,
    analysed: Option<AnalysedBuilding>,
    /// `true` if a building is stored before the next one begins.
    pub(super) one_by_one: bool,
}

impl BuildingWriterQueue {
    pub(super) fn new(writer: BuildingWriter) -> Self {
        Self {
            writer: Some(writer),
            storing: None,
            analysed: None,
            one_by_one: false,
        }
    }

    /// Counts an attempt at a building, and only then starts to store the one before it, which runs beside
    /// the analysis. [`Self::wait`] must have been called before.
    pub(super) async fn begin(&mut self, building_id: &str) -> Result<(), WriteError> {
        if self.one_by_one {
            self.flush().await?;
        }
        self.idle_writer().begin(building_id).await?;
        self.start_storing();
        Ok(())
    }

    /// Adds a building, which is stored when the next one begins.
    pub(super) fn push(&mut self, building: AnalysedBuilding) {
        self.analysed = Some(building);
    }

    /// Waits until the building that is being stored is stored.
    pub(super) async fn wait(&mut self) -> Result<(), WriteError> {
        let Some(storing) = self.storing.take() else {
            return Ok(());
        };
        let (writer, stored) = storing.await.context("could not store a building: panic")?;
        self.writer = Some(writer);
        stored
    }

    /// Stores all buildings, and returns the writer.
    pub(super) async fn flush(&mut self) -> Result<&mut BuildingWriter, WriteError> {
        self.wait().await?;
        self.start_storing();
        self.wait().await?;
        Ok(self.idle_writer())
    }

    fn start_storing(&mut self) {
        let Some(building) = self.analysed.take() else {
            return;
        };
        let mut writer = self.writer.take().expect("one building is stored at a time");
        let storing = async move {
            let stored = store(&mut writer, building).await;
            (writer, stored)
        };
        // In the span of the request, which adds the request's id to each log line.
        self.storing = Some(tokio::spawn(storing.in_current_span()));
    }

    fn idle_writer(&mut self) -> &mut BuildingWriter {
        self.writer.as_mut().expect("`wait` returns the writer")
    }
}

/// Stores a building's counts, or records why there are none: the analysis failed, or the database rejected
/// them.
async fn store(writer: &mut BuildingWriter, building: AnalysedBuilding) -> Result<(), WriteError> {
    let AnalysedBuilding { building_id, counts } = building;
    let failure = match counts {
        Err(failure) => failure,
        Ok(counts) => match writer.store(&building_id, &counts).await? {
            StoreOutcome::Stored => return Ok(()),
            StoreOutcome::Rejected(error) => format!("{error:#}"),
        },
    };
    // The reason is in the ledger only: a database's message may quote a text.
    tracing::warn!(
        building.id = building_id,
        "an attempt at building {building_id} failed; the column stat_task_building.error has the reason"
    );
    writer.record_failure(&building_id, &failure).await
}
