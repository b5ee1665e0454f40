//! Brings the tables up to date.

use anyhow::Context;
use tokio_postgres::Client;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Any number that no other software of the database uses for its own advisory locks: "nightsft".
const LOCK: i64 = 0x6e69_6768_7473_6674;

/// Applies what is not applied yet.
///
/// Under a session-wide advisory lock, since two `stat-prep` at the same moment would both find a table
/// missing and one of them would fail. A pooler that hands a session's statements to several servers
/// breaks such locks, so the connection must be direct or in session mode.
///
/// # Errors
/// When a migration fails, or one that was applied has been changed since.
pub async fn migrate(client: &mut Client) -> anyhow::Result<()> {
    // Somebody who died while he held the lock must not stop every later start for ever.
    let lock = format!("set lock_timeout = '60s'; select pg_advisory_lock({LOCK}); reset lock_timeout");
    client
        .batch_execute(&lock)
        .await
        .context("could not take the migrations' lock")?;
    let migrated = embedded::migrations::runner()
        .set_migration_table_name("stat_schema_history")
        .run_async(client)
        .await
        .context("could not migrate the database");
    let unlocked = client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await;
    let report = migrated?;
    unlocked.context("could not release the migrations' lock")?;
    for migration in report.applied_migrations() {
        tracing::info!("applied the migration {migration}");
    }
    Ok(())
}
