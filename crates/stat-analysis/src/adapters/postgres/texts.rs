//! The texts, read as a stream.

use anyhow::Context;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use std::pin::Pin;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, RowStream};

/// Texts in the order of their buildings, as one statement's snapshot sees them.
pub struct TextStream(Pin<Box<RowStream>>);

/// One text of a building.
pub struct Text(Row);

impl TextStream {
    /// Starts to read the texts of `buildings` in the period.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(
        client: &Client,
        buildings: &[&str],
        starts_at: Timestamp,
        ends_at: Timestamp,
    ) -> anyhow::Result<Self> {
        let rows = client
            .query_typed_raw(
                "select building_id, body from stat_source_text
                 where building_id = any($1) and written_at >= $2 and written_at < $3
                 order by building_id",
                [
                    (
                        &buildings as &(dyn tokio_postgres::types::ToSql + Sync),
                        Type::TEXT_ARRAY,
                    ),
                    (&starts_at, Type::TIMESTAMPTZ),
                    (&ends_at, Type::TIMESTAMPTZ),
                ],
            )
            .await
            .map_err(without_content)?;
        Ok(Self(Box::pin(rows)))
    }

    /// The next text, or nothing after the last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(&mut self) -> anyhow::Result<Option<Text>> {
        Ok(self.0.try_next().await.map_err(without_content)?.map(Text))
    }
}

/// What the database says of a text that it cannot read may quote the text: the code is enough.
pub(super) fn without_content(error: tokio_postgres::Error) -> anyhow::Error {
    match error.code() {
        Some(state) => anyhow::anyhow!("could not read the texts: SQLSTATE {}", state.code()),
        None => anyhow::Error::new(error).context("could not read the texts"),
    }
}

impl Text {
    /// The building that it was written to.
    ///
    /// # Errors
    /// When the view's column has become something else than text.
    pub fn building_id(&self) -> anyhow::Result<&str> {
        self.0
            .try_get(0)
            .context("could not read stat_source_text.building_id")
    }

    /// What was written; a null is an empty text.
    ///
    /// # Errors
    /// When the view's column has become something else than text.
    pub fn body(&self) -> anyhow::Result<&str> {
        let body: Option<&str> = self
            .0
            .try_get(1)
            .context("could not read stat_source_text.body")?;
        Ok(body.unwrap_or_default())
    }
}
