//! The rights of the role, and the connection as the server sees it.

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

/// The schema in which our tables are created, and the role's rights in it.
#[derive(Debug)]
pub struct Rights {
    role: String,
    /// First schema of the search path that exists.
    schema: Option<String>,
    may_create: bool,
    /// Whether the ledger's tables exist.
    pub is_installed: bool,
}

impl Rights {
    /// Reads the rights of the current role.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(transaction: &Transaction<'_>) -> Result<Self, tokio_postgres::Error> {
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
    pub fn missing_grant(&self) -> Option<String> {
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

/// Rights on the ledger's tables that the role lacks.
pub(crate) struct MissingTableRights {
    role: String,
    /// Names with their rights, such as `stat_term (insert, update)`.
    missing: Vec<String>,
}

impl MissingTableRights {
    /// Reads the missing rights; `None` if there are no tables.
    pub(crate) async fn read(transaction: &Transaction<'_>) -> Result<Option<Self>, tokio_postgres::Error> {
        let query = "
            with relation as (
                select name, to_regclass(name) as id from unnest(array['stat_period', 'stat_run', 'stat_task',
                    'stat_task_building', 'stat_building', 'stat_term', 'stat_category',
                    'stat_keyword']) name),
            missing as (
                select name || ' (' || string_agg(privilege, ', ') || ')' as entry
                from relation cross join unnest(array['select', 'insert', 'update', 'delete']) privilege
                where id is not null and not has_table_privilege(id, privilege)
                group by name order by name)
            select current_user::text, (select bool_and(id is not null) from relation),
                   (select coalesce(array_agg(entry), '{}') from missing)";
        let row = transaction.query_typed_one(query, &[]).await?;
        let is_installed: bool = row.get(1);
        Ok(is_installed.then(|| Self {
            role: row.get(0),
            missing: row.get(2),
        }))
    }

    /// Returns the statement that the tables' owner runs, unless nothing is missing.
    pub(crate) fn grant(&self) -> Option<String> {
        let Self { role, missing } = self;
        (!missing.is_empty()).then(|| {
            format!(
                "the role {role} lacks rights on {}: give both functions the same role, or let the tables' owner run \
                 grant select, insert, update, delete on all tables in schema SCHEMA to \"{role}\"",
                missing.join(", ")
            )
        })
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
pub fn is_missing_right(error: &anyhow::Error) -> bool {
    let code = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<tokio_postgres::Error>())
        .and_then(tokio_postgres::Error::code);
    code.is_some_and(|code| [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::INVALID_SCHEMA_NAME].contains(code))
}
