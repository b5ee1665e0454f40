//! The tables of buildings and texts that the functions read, filled from files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::{Pin, pin};

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::month_id;
use super::personal_data::PersonalData;
use super::text_files::{self, Building, Text};
use crate::output::{Progress, grouped};

/// Content of the source tables, taken from the files and not from the database, so that the checks are
/// independent of it.
#[derive(Debug, Default)]
pub(crate) struct SourceTables {
    /// Names of the buildings by id.
    pub buildings: BTreeMap<String, String>,
    /// Number of texts by month.
    pub texts: BTreeMap<String, i64>,
    /// Personal data in the texts, none of which may reach a report, a mail or a log.
    pub personal_data: PersonalData,
}

impl SourceTables {
    /// Loads the demo's files for the reported month and the months before it.
    pub(crate) async fn load_demo(sql: &Client, month: Date) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let mut tables = Self::default();
        let path = folder.join("buildings.tsv");
        let buildings = text_files::parse_lines(&path, text_files::DEMO_BUILDING_LINE, |line, _| {
            text_files::demo_building(line, month)
        })?;
        tables
            .copy_buildings(sql, buildings.collect::<Result<_>>()?)
            .await?;

        let path = folder.join("texts.tsv");
        let texts = text_files::parse_lines(&path, text_files::DEMO_TEXT_LINE, |line, number| {
            Ok((number, text_files::demo_text(line, month)?))
        })?;
        let mut writer = pin!(copy_texts(sql).await?);
        for text in texts {
            let (number, text) = text?;
            tables.write(writer.as_mut(), &text).await?;
            if text.month != month {
                for earlier in text_files::earlier_texts(&text, number) {
                    tables.write(writer.as_mut(), &earlier).await?;
                }
            }
        }
        finish(sql, writer).await?;
        Ok(tables)
    }

    /// Loads a file of the user's into `month`. Only the buildings' ids and the personal data stay in memory.
    pub(crate) async fn load_file(
        sql: &Client,
        path: &Path,
        month: Date,
        progress: &mut Progress,
    ) -> Result<Self> {
        let mut tables = Self::default();
        let mut ids = BTreeSet::new();
        let texts = text_files::parse_lines(path, text_files::TEXT_LINE, |line, number| {
            text_files::text(line, number, month)
        })?;
        let mut writer = pin!(copy_texts(sql).await?);
        for (text, loaded) in texts.zip(1_u64..) {
            let text = text?;
            tables.write(writer.as_mut(), &text).await?;
            ids.insert(text.building_id);
            if loaded.is_multiple_of(10_000) {
                progress.update(format!("loading texts: {}", grouped(loaded)));
            }
        }
        finish(sql, writer).await?;
        ensure!(
            !ids.is_empty(),
            "{} is empty: expected lines of {}",
            path.display(),
            text_files::TEXT_LINE
        );
        let buildings = ids.into_iter().map(|id| Building {
            name: id.clone(),
            id,
            closed_on: None,
        });
        tables.copy_buildings(sql, buildings.collect()).await?;
        Ok(tables)
    }

    async fn copy_buildings(&mut self, sql: &Client, buildings: Vec<Building>) -> Result<()> {
        let statement = "copy building (id, name, closed_on) from stdin (format binary)";
        let mut writer = pin!(copy(sql, statement, &[Type::TEXT, Type::TEXT, Type::DATE]).await?);
        for Building { id, name, closed_on } in buildings {
            let row = writer.as_mut().write(&[&id, &name, &closed_on]).await;
            row.context("could not copy a building")?;
            self.buildings.insert(id, name);
        }
        finish(sql, writer).await
    }

    async fn write(&mut self, writer: Pin<&mut BinaryCopyInWriter>, text: &Text) -> Result<()> {
        *self.texts.entry(month_id(text.month)).or_default() += 1;
        self.personal_data.collect(&text.body);
        writer
            .write(&[&text.building_id, &text.written_at, &text.body])
            .await
            .context("could not copy a text")
    }
}

async fn copy_texts(sql: &Client) -> Result<BinaryCopyInWriter> {
    let statement = "copy message (building_id, written_at, body) from stdin (format binary)";
    copy(sql, statement, &[Type::TEXT, Type::TIMESTAMPTZ, Type::TEXT]).await
}

async fn copy(sql: &Client, statement: &str, types: &[Type]) -> Result<BinaryCopyInWriter> {
    let sink = sql.copy_in(statement).await;
    let sink = sink.with_context(|| format!("could not begin {statement:?}"))?;
    Ok(BinaryCopyInWriter::new(sink, types))
}

/// Completes a COPY and collects statistics for the planner, as autovacuum does long before a month ends.
async fn finish(sql: &Client, writer: Pin<&mut BinaryCopyInWriter>) -> Result<()> {
    writer.finish().await.context("could not complete the COPY")?;
    sql.batch_execute("analyze")
        .await
        .context("could not run ANALYZE")
}
