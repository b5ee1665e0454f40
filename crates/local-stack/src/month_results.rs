use anyhow::{Context, Result};

use crate::{MonthStack, Workbook};

/// Rows of the current runs, without their ids.
const ROWS: &str = "
select 'run', p.period_id, r.state from stat_period p join stat_run r on run_id = current_run_id;
select 'building', period_id, building_id, documents, morphemes from stat_building;
select 'term', building_id, term, frequency, documents from stat_term;
select 'category', building_id, category, documents from stat_category;
select 'keyword', period_id, building_id, rank, term, frequency, documents, z_score,
       previous_frequency, share_change from stat_keyword;
select 'task', task, state from stat_task join stat_period on current_run_id = run_id;
select 'task_building', building_id, b.state from stat_task_building b
join stat_period on current_run_id = run_id";

/// Results of a month: they must be the same whatever disturbed its run.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthResults {
    /// Rows of the result tables as text, without the run's id.
    pub rows: Vec<String>,
    /// Terms of all buildings.
    pub csv: String,
    /// Categories of all buildings.
    pub categories: String,
    /// Report's page.
    pub html: String,
    /// Every cell of the workbook.
    pub xlsx: String,
}

impl MonthResults {
    /// Reads the tables and the files of the latest report.
    pub async fn read(month: &MonthStack) -> Result<Self> {
        let text = async |extension| {
            let content = month.report(extension).await?;
            String::from_utf8(content).with_context(|| format!("{extension} is not UTF-8"))
        };
        Ok(Self {
            rows: month.rows(ROWS).await?,
            csv: text(".csv").await?,
            categories: text("-categories.csv").await?,
            html: text(".html").await?,
            xlsx: format!("{:?}", Workbook::parse(&month.report(".xlsx").await?)?),
        })
    }

    /// Returns the texts of the report's files.
    pub fn files(&self) -> [&String; 4] {
        [&self.csv, &self.categories, &self.html, &self.xlsx]
    }

    /// Returns the rows whose kind, the first column, is another one.
    pub fn rows_except(&self, kind: &str) -> Vec<String> {
        let kind = format!("({kind},");
        let rows = self.rows.iter().filter(|row| !row.starts_with(&kind));
        rows.cloned().collect()
    }
}
