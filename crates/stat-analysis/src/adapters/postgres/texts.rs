//! The source texts, read as a stream.

use anyhow::Context;
use jiff::Timestamp;
use postgres_session::{Rows, Session};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// Texts in the order of their buildings, from the snapshot of one statement.
pub(crate) struct TextStream<'a>(Rows<'a>);

/// A text of a building.
pub(crate) struct Text(Row);

/// Error of a text that cannot be read, now or later: a body in invalid UTF-8, a character that the server cannot
/// convert to UTF-8, or a value at which the view's own expressions fail.
#[derive(Debug, thiserror::Error)]
#[error("a text of the building cannot be read: {0}")]
pub(crate) struct UnreadableText(String);

impl<'a> TextStream<'a> {
    /// Queries the texts of `buildings` that were written in the period.
    pub(crate) async fn open(
        session: &'a mut Session,
        buildings: &[&str],
        starts_at: Timestamp,
        ends_at: Timestamp,
    ) -> anyhow::Result<Self> {
        // The casts: the driver looks up an unknown type with a named statement, which a pooler does not keep.
        let rows = session
            .stream(
                "select building_id::text, body::text from stat_source_text
                 where building_id = any($1) and written_at >= $2 and written_at < $3
                 order by building_id",
                &[
                    (&buildings, Type::TEXT_ARRAY),
                    (&starts_at, Type::TIMESTAMPTZ),
                    (&ends_at, Type::TIMESTAMPTZ),
                ],
            )
            .await
            .map_err(without_content)?;
        Ok(Self(rows))
    }

    /// Returns the next text, or `None` after the last.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Text>> {
        let row = self.0.next().await;
        Ok(row.map_err(|error| without_content(error.into()))?.map(Text))
    }

    /// Reads to the end without looking at the texts, so that the connection is free.
    pub(crate) async fn drain(mut self) -> anyhow::Result<()> {
        while self.next().await?.is_some() {}
        Ok(())
    }
}

/// Reduces a server's error to its SQLSTATE: the message may quote a tenant's text. Class 57, an intervention such as
/// a timeout, quotes none, and its message names the setting.
pub(super) fn without_content(error: anyhow::Error) -> anyhow::Error {
    let database_error = error
        .downcast_ref::<tokio_postgres::Error>()
        .and_then(tokio_postgres::Error::as_db_error);
    let Some(database_error) = database_error else {
        return error.context("could not read the texts");
    };
    let state = database_error.code().code();
    match state.get(..2) {
        Some("22") => UnreadableText(format!("SQLSTATE {state}")).into(),
        Some("57") => anyhow::anyhow!(
            "could not read the texts: {} (SQLSTATE {state})",
            database_error.message()
        ),
        _ => anyhow::anyhow!("could not read the texts: SQLSTATE {state}"),
    }
}

impl Text {
    pub(crate) fn building_id(&self) -> anyhow::Result<&str> {
        self.0
            .try_get(0)
            .context("could not read stat_source_text.building_id")
    }

    /// Returns the text; a null is an empty one.
    pub(crate) fn body(&self) -> Result<&str, UnreadableText> {
        let body: Result<Option<&str>, _> = self.0.try_get(1);
        match body {
            Ok(body) => Ok(body.unwrap_or_default()),
            Err(_) => Err(UnreadableText("its body is not valid UTF-8".to_owned())),
        }
    }
}
