//! A connection whose settings last no longer than a transaction.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::str::FromStr;
use std::task::Poll;

use anyhow::anyhow;
use futures_util::future::{MaybeDone, join3, maybe_done};
use futures_util::{FutureExt, TryStreamExt};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, RowStream, Transaction};

/// A connection to PostgreSQL. Every statement runs in a transaction that [`Session::begin`] began.
///
/// It leaves nothing behind on the server's connection, neither a setting nor an advisory lock of the session nor
/// a named statement. A pooler in transaction mode (PgBouncer, Neon, Supabase) gives every transaction another
/// server connection: a setting of the session would be missing in our next transaction and meet another client.
pub struct Session {
    client: Client,
    settings: String,
    schema: Option<SchemaName>,
}

impl Session {
    /// Returns a session on this connection, with our tables in `schema`.
    pub fn new(client: Client, schema: Option<SchemaName>) -> Self {
        Self {
            client,
            settings: transaction_settings(schema.as_ref()),
            schema,
        }
    }

    /// Begins a transaction with the settings that every statement of ours needs.
    ///
    /// With a schema, it comes first in the transaction's search path: our tables are created and found there, the
    /// user's views by the rest of the path. A migration must look up its tables in `current_schema()` only, since
    /// an older installation may have left tables of the same names in another schema of the path.
    ///
    /// # Errors
    /// When the schema does not exist or the database fails.
    pub async fn begin(&mut self) -> anyhow::Result<Transaction<'_>> {
        let failed = "could not begin a transaction";
        let begun = self.client.transaction().await;
        let transaction = begun.map_err(|error| anyhow::Error::new(error).context(failed))?;
        let set = transaction.batch_execute(&self.settings).await;
        set.map_err(|error| begin_error(error, self.schema.as_ref()))?;
        Ok(transaction)
    }

    /// Runs one statement in a transaction of its own, in a single round trip, and returns its rows.
    ///
    /// The commit does not wait for the disk, so this is for statements that may be lost with everything after them
    /// when the database crashes.
    ///
    /// # Errors
    /// As [`Session::begin`].
    pub async fn query_alone(
        &mut self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> anyhow::Result<Vec<Row>> {
        let begin = format!("begin; {}; set local synchronous_commit = off", self.settings);
        // Polled in this order, so sent in this order. After a failure the commit is a rollback.
        let (begun, rows, committed) = join3(
            self.client.batch_execute(&begin),
            self.client.query_typed(statement, parameters),
            self.client.batch_execute("commit"),
        )
        .await;
        begun.map_err(|error| begin_error(error, self.schema.as_ref()))?;
        let rows = rows?;
        committed?;
        Ok(rows)
    }

    /// Queries rows one by one in a transaction of its own, in a single round trip.
    ///
    /// The server ends the transaction when it has sent the last row. A pooler keeps a server connection for it
    /// until then: a caller must not wait for another connection while it reads.
    ///
    /// # Errors
    /// As [`Session::begin`].
    pub async fn stream(&mut self, statement: &str, parameters: Parameters<'_>) -> anyhow::Result<Rows<'_>> {
        let begin = format!("begin; {}", self.settings);
        let parameters = parameters.iter().map(|(value, r#type)| (*value, r#type.clone()));
        let mut commit: Commit<'_> = Box::pin(maybe_done(self.client.batch_execute("commit").boxed()));
        let (begun, rows, ()) = join3(
            self.client.batch_execute(&begin),
            self.client.query_typed_raw(statement, parameters),
            // Polled once, to send it.
            poll_fn(|context| Poll::Ready(commit.as_mut().poll(context))).map(drop),
        )
        .await;
        begun.map_err(|error| begin_error(error, self.schema.as_ref()))?;
        let rows = Box::pin(rows?);
        Ok(Rows { rows, commit })
    }
}

/// Values of a statement's parameters, with their types. Without types the driver would prepare a named statement,
/// which a pooler in transaction mode does not keep.
pub type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

type Commit<'a> = Pin<Box<MaybeDone<Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>>>>;

/// Rows of [`Session::stream`].
pub struct Rows<'a> {
    rows: Pin<Box<RowStream>>,
    commit: Commit<'a>,
}

impl Rows<'_> {
    /// Returns the next row, or `None` after the last, when the transaction has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(&mut self) -> Result<Option<Row>, Error> {
        if let Some(row) = self.rows.try_next().await? {
            return Ok(Some(row));
        }
        self.commit.as_mut().await;
        self.commit.as_mut().take_output().transpose()?;
        Ok(None)
    }
}

fn begin_error(error: Error, schema: Option<&SchemaName>) -> anyhow::Error {
    if error.code() == Some(&SqlState::INVALID_SCHEMA_NAME) {
        return missing_schema(schema);
    }
    anyhow::Error::new(error).context("could not begin a transaction")
}

fn missing_schema(schema: Option<&SchemaName>) -> anyhow::Error {
    let schema = schema.map_or_else(String::new, SchemaName::quoted);
    anyhow!(
        "the schema {schema} of DATABASE_SCHEMA does not exist: let an administrator run \
         create schema {schema} authorization ROLE, with the role of the database URL"
    )
}

/// Returns the statements that apply our settings until the transaction ends.
fn transaction_settings(schema: Option<&SchemaName>) -> String {
    // The locks of a frozen or lost invocation end long before TCP notices that it is gone.
    // Some providers give every role a statement_timeout of two minutes, which a month's statements exceed;
    // none may outlive the longest invocation of Lambda.
    let mut settings = "set local idle_in_transaction_session_timeout = '90s'; \
                        set local statement_timeout = '15min'; set local timezone = 'UTC'"
        .to_owned();
    if let Some(schema) = schema {
        let name = schema.quoted();
        // The search path ignores a schema that does not exist, and our tables would be created in the next one.
        settings.push_str(&format!(
            "; select '{name}'::regnamespace; select set_config('search_path', \
             concat_ws(', ', '{name}', nullif(current_setting('search_path'), '')), true)"
        ));
    }
    settings
}

/// Name of a schema, as the catalogue has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaName(String);

impl SchemaName {
    /// Returns the name as an identifier in SQL.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl FromStr for SchemaName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        // PostgreSQL cuts off identifiers after 63 bytes.
        if name.is_empty() || name.len() > 63 || name.starts_with("pg_") || !name.chars().all(is_plain) {
            return Err("expected the name of one schema such as nightshift, of letters, digits, _ and -");
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_name_of_one_schema_only() {
        for name in ["nightshift", "Stats_2", "통계", "night-shift"] {
            assert!(name.parse::<SchemaName>().is_ok(), "{name}");
        }
        for name in ["", "a, b", "a.b", "a'b", "a\"b", "$user", "pg_temp", "a\\b"] {
            assert!(name.parse::<SchemaName>().is_err(), "{name}");
        }
    }
}
