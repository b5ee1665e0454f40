//! The source texts, read as a stream.

use anyhow::Context;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use std::pin::Pin;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, RowStream};

/// Texts in the order of their buildings, from the snapshot of one statement.
pub(crate) struct TextStream(Pin<Box<RowStream>>);

/// A text of a building.
pub(crate) struct Text(Row);

impl TextStream {
    /// Queries the texts of `buildings` that were written in the period.
    pub(crate) async fn open(
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
                    (&buildings as &(dyn ToSql + Sync), Type::TEXT_ARRAY),
                    (&starts_at, Type::TIMESTAMPTZ),
                    (&ends_at, Type::TIMESTAMPTZ),
                ],
            )
            .await
            .map_err(without_content)?;
        Ok(Self(Box::pin(rows)))
    }

    /// Returns the next text, or `None` after the last.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Text>> {
        Ok(self.0.try_next().await.map_err(without_content)?.map(Text))
    }
}

/// Reduces a server's error to its SQLSTATE: the message may quote a tenant's text.
pub(super) fn without_content(error: tokio_postgres::Error) -> anyhow::Error {
    match error.code() {
        Some(state) => anyhow::anyhow!("could not read the texts: SQLSTATE {}", state.code()),
        None => anyhow::Error::new(error).context("could not read the texts"),
    }
}

impl Text {
    pub(crate) fn building_id(&self) -> anyhow::Result<&str> {
        self.0
            .try_get(0)
            .context("could not read stat_source_text.building_id")
    }

    /// Returns the text; a null is an empty one.
    pub(crate) fn body(&self) -> anyhow::Result<&str> {
        let body: Option<&str> = self
            .0
            .try_get(1)
            .context("could not read stat_source_text.body")?;
        Ok(body.unwrap_or_default())
    }
}
