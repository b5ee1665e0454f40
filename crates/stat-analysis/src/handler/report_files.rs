//! The report's files: written row by row, and uploaded part by part.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, anyhow};
use postgres_session::Session;
use stat_ledger::run::Run;

use super::StatAnalysis;
use crate::adapters::postgres::{CategoryPages, KeywordPages};
use crate::adapters::s3::Upload;
use crate::category_csv::CategoryCsv;
use crate::findings::Findings;
use crate::keyword_csv::KeywordCsv;
use crate::page::{self, Page};
use crate::report_keys::ReportKeys;
use crate::workbook::ReportWorkbook;

const CSV: &str = "text/csv; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Bytes that are read at once from the file of the workbook.
const CHUNK: usize = 1024 * 1024;

impl StatAnalysis {
    /// Uploads the files, in one pass over the categories and one over the keywords. None is ever in memory as a
    /// whole, and none is visible yet. The page, by which a reader finds the others, is the last.
    pub(super) async fn upload(
        &self,
        session: &mut Session,
        run: &Run,
        findings: &mut Findings,
        keys: &ReportKeys,
    ) -> anyhow::Result<[Upload; 4]> {
        let mut workbook = temporary(|| {
            ReportWorkbook::new(
                &findings.summary,
                &findings.changes,
                self.config.keywords_per_building,
                &self.vocabulary.terms,
                self.config.locale,
            )
        })?;
        let categories = self
            .upload_categories(session, run, findings, &mut workbook, keys)
            .await?;
        let (csv, html) = self
            .upload_keywords(session, run, findings, &mut workbook, keys)
            .await?;
        let xlsx = self.upload_workbook(workbook, keys).await?;
        Ok([csv, categories, xlsx, html])
    }

    /// Writes the categories of all buildings, and keeps those of the page's buildings.
    async fn upload_categories(
        &self,
        session: &mut Session,
        run: &Run,
        findings: &mut Findings,
        workbook: &mut ReportWorkbook<'_>,
        keys: &ReportKeys,
    ) -> anyhow::Result<Upload> {
        let Findings {
            summary,
            changes,
            categories,
            ..
        } = findings;
        let shown: HashSet<&str> = page::shown_buildings(summary, changes).into_iter().collect();
        let mut upload = self.s3.begin_upload(&keys.categories, CSV).await?;
        let mut csv = CategoryCsv::new(run.period)?;
        let mut pages = CategoryPages::of(run, summary.comparison.run());
        loop {
            let buildings = pages.next(session).await?;
            if buildings.is_empty() {
                break;
            }
            for building in buildings {
                csv.push(&building)?;
                temporary(|| workbook.push_categories(&building))?;
                if shown.contains(building.building_id.as_str()) {
                    categories.insert(building.building_id, building.categories);
                }
            }
            self.s3.write(&mut upload, csv.take()?).await?;
        }
        self.s3.write(&mut upload, csv.take()?).await?;
        self.s3.write_last(&mut upload).await?;
        Ok(upload)
    }

    /// Writes the keywords of all buildings into the CSV and the page.
    async fn upload_keywords(
        &self,
        session: &mut Session,
        run: &Run,
        findings: &Findings,
        workbook: &mut ReportWorkbook<'_>,
        keys: &ReportKeys,
    ) -> anyhow::Result<(Upload, Upload)> {
        let mut csv_upload = self.s3.begin_upload(&keys.csv, CSV).await?;
        let mut page_upload = self.s3.begin_upload(&keys.html, HTML).await?;
        let mut csv = KeywordCsv::new(run.period)?;
        let config = &self.config;
        let mut page = Page::new(
            findings,
            &self.vocabulary.terms,
            config.min_documents,
            config.locale,
        );
        let mut pages = KeywordPages::of(run);
        loop {
            let keywords = pages.next(session).await?;
            if keywords.is_empty() {
                break;
            }
            for keyword in keywords {
                csv.push(&keyword)?;
                temporary(|| workbook.push_term(&keyword))?;
                page.push(keyword);
            }
            self.s3.write(&mut csv_upload, csv.take()?).await?;
            self.s3.write(&mut page_upload, page.take().into_bytes()).await?;
        }
        self.s3.write(&mut csv_upload, csv.take()?).await?;
        self.s3.write_last(&mut csv_upload).await?;
        self.s3
            .write(&mut page_upload, page.finish().into_bytes())
            .await?;
        self.s3.write_last(&mut page_upload).await?;
        Ok((csv_upload, page_upload))
    }

    /// Writes the workbook into a temporary file without a name, which the system removes with the process, and
    /// uploads it.
    async fn upload_workbook(
        &self,
        workbook: ReportWorkbook<'_>,
        keys: &ReportKeys,
    ) -> anyhow::Result<Upload> {
        let mut file = temporary(|| workbook_file(workbook))?;
        let mut upload = self.s3.begin_upload(&keys.xlsx, XLSX).await?;
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            temporary(|| (&mut file).take(CHUNK as u64).read_to_end(&mut chunk))?;
            if chunk.is_empty() {
                break;
            }
            self.s3.write(&mut upload, chunk).await?;
        }
        self.s3.write_last(&mut upload).await?;
        Ok(upload)
    }
}

/// Runs a step that writes or reads temporary files of the workbook. A retry writes the report from its beginning.
///
/// rust_xlsxwriter panics where it cannot write a row, as with a full folder. The workbook must not be used after that.
fn temporary<T, E: Into<anyhow::Error>>(step: impl FnOnce() -> Result<T, E>) -> anyhow::Result<T> {
    let done = match catch_unwind(AssertUnwindSafe(step)) {
        Ok(done) => done.map_err(Into::into),
        Err(panic) => Err(anyhow!(panic.downcast::<String>().map_or_else(
            |_| "the library of the workbook panicked".to_owned(),
            |message| *message
        ))),
    };
    done.with_context(|| {
        format!(
            "could not write the workbook in {}; if it is full, raise EphemeralStorage of this function, \
             then a retry or a resume writes the report",
            std::env::temp_dir().display()
        )
    })
}

/// Returns a file with the workbook, at its beginning.
fn workbook_file(workbook: ReportWorkbook<'_>) -> anyhow::Result<File> {
    let mut writer = BufWriter::new(tempfile::tempfile()?);
    workbook.save(&mut writer)?;
    let mut file = writer.into_inner()?;
    file.rewind()?;
    Ok(file)
}
