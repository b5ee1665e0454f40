//! The rights of the role, and the connection as the server sees it.

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

/// The schema in which our tables are created, and the role's rights in it.
pub(crate) struct Rights {
    role: String,
    /// First schema of the search path that exists.
    schema: Option<String>,
    may_create: bool,
    /// Our tables exist.
    pub(crate) is_installed: bool,
}

impl Rights {
    pub(crate) async fn read(transaction: &Transaction<'_>) -> Result<Self, tokio_postgres::Error> {
        let query = "select current_user::text, quote_ident(current_schema()),
                            coalesce(has_schema_privilege(current_schema(), 'create'), false),
                            to_regclass(quote_ident(current_schema()) || '.stat_run') is not null";
        let row = transaction.query_typed_one(query, &[]).await?;
        Ok(Self {
            role: row.get(0),
            schema: row.get(1),
            may_create: row.get(2),
            is_installed: row.get::<_, Option<bool>>(3).unwrap_or(false),
        })
    }

    /// Returns the statement that an administrator runs so that our tables can be created, unless they can be.
    pub(crate) fn missing_grant(&self) -> Option<String> {
        let Self {
            role,
            schema,
            may_create,
            ..
        } = self;
        let own =
            format!("create schema nightshift authorization \"{role}\" with DATABASE_SCHEMA=nightshift");
        match schema {
            Some(_) if *may_create => None,
            Some(schema) => Some(format!(
                "the role {role} may not create tables in the schema {schema}: let an administrator run {own}, or \
                 grant usage, create on schema {schema} to \"{role}\""
            )),
            None => Some(format!(
                "the role {role} may use no schema of its search_path: let an administrator run {own}"
            )),
        }
    }

    /// Names role and schema in a check.
    pub(crate) fn summary(&self) -> String {
        let tables = if self.is_installed {
            "has our tables"
        } else {
            "gets our tables with the first event"
        };
        let schema = self.schema.as_deref().unwrap_or("(none)");
        format!(
            "the role {} may create tables in the schema {schema}, which {tables}",
            self.role
        )
    }
}

/// The server's side of the connection, as one transaction saw it.
#[derive(PartialEq, Eq)]
pub(crate) struct ServerConnection {
    process: i32,
    pub(crate) version: String,
}

impl ServerConnection {
    pub(crate) async fn read(transaction: &Transaction<'_>) -> Result<Self, tokio_postgres::Error> {
        let query = "select pg_backend_pid(), current_setting('server_version')";
        let row = transaction.query_typed_one(query, &[]).await?;
        Ok(Self {
            process: row.get(0),
            version: row.get(1),
        })
    }
}

/// Returns whether a right or a usable schema was missing: PostgreSQL 15 and later grant nobody CREATE on the schema
/// public.
pub(crate) fn is_missing_right(error: &anyhow::Error) -> bool {
    let code = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<tokio_postgres::Error>())
        .and_then(tokio_postgres::Error::code);
    code.is_some_and(|code| [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::INVALID_SCHEMA_NAME].contains(code))
}
