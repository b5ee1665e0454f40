//! The tenant's database, filled.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::Path,
    pin::Pin,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::{Client, CopyInSink};

use super::{
    calendar::Month,
    personal_data::{self, PersonalData},
    progress::Progress,
    texts::{self, Building, Lines, Text},
};

/// What the database holds, known from the files and not from the database.
#[derive(Debug, Default)]
pub struct Tenant {
    /// Names by id.
    pub buildings: BTreeMap<String, String>,
    /// Number of texts by month.
    pub texts: BTreeMap<String, i64>,
    /// What of the texts must never be seen again.
    pub personal_data: PersonalData,
}

impl Tenant {
    /// Number of texts in a month.
    pub fn texts_of(&self, month: Month) -> i64 {
        self.texts.get(&month.id()).copied().unwrap_or_default()
    }

    fn note(&mut self, text: &Text<'_>) {
        *self.texts.entry(text.month.id()).or_default() += 1;
        personal_data::collect(text.body, &mut self.personal_data);
    }
}

/// Fills it from the demo's files; `month` is the one to be reported.
pub async fn fill_with_demo(sql: &Client, month: Month) -> Result<Tenant> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let mut tenant = Tenant::default();

    let mut lines = Lines::open(&folder.join("buildings.tsv"), texts::DEMO_BUILDING_LINE)?;
    let mut buildings = Vec::new();
    while let Some(building) = lines.next(|line, _| texts::demo_building(line, month))? {
        buildings.push(building);
    }
    copy_buildings(sql, &buildings).await?;
    tenant.buildings = buildings.into_iter().map(|b| (b.id, b.name)).collect();

    let mut lines = Lines::open(&folder.join("texts.tsv"), texts::DEMO_TEXT_LINE)?;
    let mut copy = Copy::texts(sql).await?;
    let mut number = 0;
    while let Some(text) = lines.next(|line, _| texts::demos(line, month))? {
        tenant.note(&text);
        copy.text(&text).await?;
        number += 1;
        for back in 1..=texts::EARLIER_MONTHS {
            if text.month != month
                && let Some(earlier) = texts::earlier(&text, number, back)
            {
                tenant.note(&earlier);
                copy.text(&earlier).await?;
            }
        }
    }
    copy.finish().await?;
    Ok(tenant)
}

/// Fills `month` from anybody's file, holding none of it in memory.
pub async fn fill_with(sql: &Client, path: &Path, month: Month, progress: &mut Progress) -> Result<Tenant> {
    let mut tenant = Tenant::default();
    let mut ids = BTreeSet::new();
    let mut lines = Lines::open(path, texts::TEXT_LINE)?;
    let mut copy = Copy::texts(sql).await?;
    let mut read = 0_u64;
    while let Some(text) = lines.next(|line, number| texts::anybodys(line, number, month))? {
        tenant.note(&text);
        if !ids.contains(text.building_id) {
            ids.insert(text.building_id.to_owned());
        }
        copy.text(&text).await?;
        read += 1;
        if read.is_multiple_of(10_000) {
            progress.update(&format!("texts      {} loaded", super::screen::grouped(read)));
        }
    }
    copy.finish().await?;
    ensure!(
        !ids.is_empty(),
        "{} is empty: expected {}",
        path.display(),
        texts::TEXT_LINE
    );
    let buildings: Vec<Building> = ids
        .into_iter()
        .map(|id| Building {
            name: id.clone(),
            id,
            closed_on: None,
        })
        .collect();
    copy_buildings(sql, &buildings).await?;
    tenant.buildings = buildings.into_iter().map(|b| (b.id, b.name)).collect();
    Ok(tenant)
}

async fn copy_buildings(sql: &Client, buildings: &[Building]) -> Result<()> {
    let mut copy = Copy::begin(sql, "copy building (id, name, closed_on) from stdin").await?;
    for Building { id, name, closed_on } in buildings {
        let closed_on = closed_on.map(|day| day.to_string());
        copy.row(&[Some(id), Some(name), closed_on.as_deref()]).await?;
    }
    copy.finish().await
}

/// Rows on their way into a table, in COPY's text format.
struct Copy<'c> {
    sql: &'c Client,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    waiting: String,
}

impl<'c> Copy<'c> {
    async fn texts(sql: &'c Client) -> Result<Self> {
        Self::begin(sql, "copy message (building_id, written_at, body) from stdin").await
    }

    async fn begin(sql: &'c Client, statement: &str) -> Result<Self> {
        let sink = sql.copy_in(statement).await;
        Ok(Self {
            sql,
            sink: Box::pin(sink.with_context(|| format!("could not begin {statement:?}"))?),
            waiting: String::new(),
        })
    }

    async fn text(&mut self, text: &Text<'_>) -> Result<()> {
        let written_at = text.written_at.to_string();
        self.row(&[Some(text.building_id), Some(&written_at), Some(text.body)])
            .await
    }

    async fn row(&mut self, columns: &[Option<&str>]) -> Result<()> {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                self.waiting.push('\t');
            }
            match column {
                Some(text) => escape(text, &mut self.waiting),
                None => self.waiting.push_str("\\N"),
            }
        }
        self.waiting.push('\n');
        if self.waiting.len() >= 1 << 16 {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let rows = Bytes::from(std::mem::take(&mut self.waiting));
        self.sink.send(rows).await.context("could not copy rows")
    }

    async fn finish(mut self) -> Result<()> {
        self.flush().await?;
        self.sink.as_mut().finish().await.context("could not copy rows")?;
        // As autovacuum would have done long before the month ends.
        self.sql
            .batch_execute("analyze")
            .await
            .context("could not analyze")
    }
}

/// Source: "COPY", file formats, text format, in PostgreSQL's documentation.
fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            _ => into.write_char(character).expect("a String takes everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_what_copy_would_take_for_its_own() {
        let mut escaped = String::new();
        super::escape("a\tb\\N\r\n", &mut escaped);
        assert_eq!(escaped, "a\\tb\\\\N\\r\\n");
    }
}
