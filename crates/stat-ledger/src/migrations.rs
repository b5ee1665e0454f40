//! Migrations of the ledger's tables.

use anyhow::Context;
use tokio_postgres::Client;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Key of the advisory lock, "nightsft" in ASCII. Any number works that no other software of the database
/// uses for its own advisory locks.
const LOCK: i64 = 0x6e69_6768_7473_6674;

/// Applies the migrations that are not applied yet.
///
/// It holds a session-wide advisory lock, since two `stat-prep` at the same moment would both find a table
/// missing and one of them would fail. A pooler that distributes a session's statements over several
/// servers breaks such locks, so the connection must be direct or in session mode.
///
/// # Errors
/// When a migration fails, or an applied one has been changed since.
pub async fn migrate(client: &mut Client) -> anyhow::Result<()> {
    // A dead session that still holds the lock must not block every later start.
    let lock = format!("set lock_timeout = '60s'; select pg_advisory_lock({LOCK}); reset lock_timeout");
    client
        .batch_execute(&lock)
        .await
        .context("could not take the advisory lock of the migrations within 60 s")?;
    let outcome = embedded::migrations::runner()
        .set_migration_table_name("stat_schema_history")
        .run_async(client)
        .await
        .context("could not migrate the database");
    let unlocked = client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await;
    let report = outcome?;
    unlocked.context("could not release the advisory lock of the migrations")?;
    for migration in report.applied_migrations() {
        tracing::info!(%migration, "applied the migration {migration} to the database");
    }
    Ok(())
}
