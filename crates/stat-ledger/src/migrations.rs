//! Migrations of the ledger's tables.

use std::hash::{Hash, Hasher};

use anyhow::{Context, bail};
use postgres_session::Session;
use siphasher::sip::SipHasher13;
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

/// A file of `migrations/`. It must never change once it is released.
#[derive(Hash)]
struct Migration {
    name: &'static str,
    version: i32,
    sql: &'static str,
}

const MIGRATIONS: [Migration; 3] = [
    Migration {
        name: "ledger",
        version: 1,
        sql: include_str!("../migrations/V1__ledger.sql"),
    },
    Migration {
        name: "texts_of_buildings",
        version: 2,
        sql: include_str!("../migrations/V2__texts_of_buildings.sql"),
    },
    Migration {
        name: "categories",
        version: 3,
        sql: include_str!("../migrations/V3__categories.sql"),
    },
];

/// Key of the advisory lock, "nightsft" in ASCII. Any number works that no other software of the database
/// uses for its own advisory locks.
const LOCK: i64 = 0x6e69_6768_7473_6674;

/// Table of the applied migrations, as refinery creates it: earlier releases used that library.
const HISTORY: &str = "create table stat_schema_history (
    version int4 primary key, name varchar(255), applied_on varchar(255), checksum varchar(255))";

/// Applies the migrations that are not applied yet, in one transaction that holds an advisory lock.
///
/// The accident prevented: two `stat-prep` at the same moment both find a table missing, and one of them fails.
/// The lock ends with the transaction. A lock of the session would stay on the server's connection behind a pooler
/// in transaction mode, and block every later start.
///
/// # Errors
/// When a migration fails, or an applied one has been changed since.
pub async fn migrate(session: &mut Session) -> anyhow::Result<()> {
    let transaction = session.begin().await?;
    // A dead invocation that still holds the lock must not block every later start.
    let lock = format!("set local lock_timeout = '60s'; select pg_advisory_xact_lock({LOCK})");
    transaction
        .batch_execute(&lock)
        .await
        .context("could not take the advisory lock of the migrations within 60 s")?;
    let applied = applied_migrations(&transaction).await?;
    for migration in &MIGRATIONS {
        let Migration { name, version, .. } = migration;
        match applied.iter().find(|(applied, _)| applied == version) {
            None => apply(&transaction, migration).await.with_context(|| {
                format!("could not apply the migration V{version}__{name} to the database")
            })?,
            Some((_, checksum)) if *checksum == migration.checksum() => {}
            Some(_) => bail!(
                "the database has another migration V{version} than V{version}__{name}: deploy the release that \
                 applied it"
            ),
        }
    }
    transaction
        .commit()
        .await
        .context("could not commit the migrations of the database")
}

/// Returns versions and checksums, and creates the table if it is missing. Versions of newer releases are among
/// them after a rollback.
async fn applied_migrations(transaction: &Transaction<'_>) -> anyhow::Result<Vec<(i32, String)>> {
    let failed = "could not read the applied migrations in stat_schema_history";
    // Only the schema in which the tables are created: another one of the search path may have an older
    // installation.
    let query = "select exists (select from pg_class where relname = 'stat_schema_history'
                                and relnamespace = current_schema()::regnamespace)";
    let row = transaction.query_typed_one(query, &[]).await.context(failed)?;
    if !row.get::<_, bool>(0) {
        transaction
            .batch_execute(HISTORY)
            .await
            .context("could not create the table stat_schema_history")?;
    }
    let query = "select version, checksum from stat_schema_history";
    let rows = transaction.query_typed(query, &[]).await.context(failed)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn apply(transaction: &Transaction<'_>, migration: &Migration) -> Result<(), tokio_postgres::Error> {
    let Migration { name, version, sql } = migration;
    transaction.batch_execute(sql).await?;
    transaction
        .execute_typed(
            "insert into stat_schema_history (version, name, applied_on, checksum)
             values ($1, $2, to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), $3)",
            &[
                (version, Type::INT4),
                (name, Type::TEXT),
                (&migration.checksum(), Type::TEXT),
            ],
        )
        .await?;
    tracing::info!(
        version,
        "applied the migration V{version}__{name} to the database"
    );
    Ok(())
}

impl Migration {
    /// Returns the checksum that refinery computes.
    fn checksum(&self) -> String {
        let mut hasher = SipHasher13::new();
        self.hash(&mut hasher);
        hasher.finish().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_of_earlier_releases_have_the_same_checksum() {
        // Written by refinery 0.10 into stat_schema_history.
        assert_eq!(MIGRATIONS[0].checksum(), "13868584772627260746");
    }
}
