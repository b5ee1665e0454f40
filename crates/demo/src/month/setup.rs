//! Setup of a month's run: texts in the source tables, both functions deployed, their invocations recorded.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;
use jiff::civil::Date;
use local_stack::{Decision, MonthStack};
use serde_json::{Value, json};
use uuid::Uuid;

use super::source_tables::SourceTables;
use crate::output::{Progress, grouped, labelled, seconds};
use crate::servers::Servers;

/// Small enough that the demo's months have several tasks. A file of the user's keeps the function's default.
const DEMO_TEXTS_PER_TASK: &str = "300";
/// Name of the secret with the database's user and password.
const SECRET: &str = "nightshift/database";

/// Loads the user's file, or the demo's texts without one.
pub(super) async fn load_texts(
    stack: &MonthStack,
    texts: Option<&Path>,
    month: Date,
) -> Result<SourceTables> {
    let began = Instant::now();
    let mut progress = Progress::start("loading texts");
    let source = match texts {
        Some(path) => SourceTables::load_file(&stack.sql, path, month, &mut progress).await?,
        None => SourceTables::load_demo(&stack.sql, month).await?,
    };
    drop(progress);
    let months = source.texts.iter();
    let months: Vec<String> = months
        .map(|(month, texts)| format!("{month}: {}", grouped(*texts)))
        .collect();
    let text = format!(
        "loaded the texts of {} buildings into PostgreSQL in {}; {}",
        grouped(source.buildings.len()),
        seconds(began.elapsed()),
        months.join(", ")
    );
    labelled([("texts  ", text)]);
    Ok(source)
}

/// Deploys both functions and returns the database's password. It is in Secrets Manager, as RDS keeps it. A server
/// named by `DATABASE_URL` is used as it is.
pub(super) async fn deploy(servers: &Servers, stack: &MonthStack, few_texts: bool) -> Result<Option<String>> {
    let password = match servers.postgres.pid().await {
        Some(_) => Some(create_secret(servers, stack).await?),
        None => None,
    };
    for mut function in [stack.stat_prep(), stack.stat_analysis()] {
        if password.is_some() {
            function = function
                .variable("DATABASE_URL", stack.database_url.replacen("postgres@", "", 1))
                .variable("DATABASE_CREDENTIALS_SECRET", SECRET);
        }
        if few_texts && function.name == "stat-prep" {
            function = function.variable("STAT_TEXTS_PER_TASK", DEMO_TEXTS_PER_TASK);
        }
        stack.emulator.deploy(function);
    }
    Ok(password)
}

async fn create_secret(servers: &Servers, stack: &MonthStack) -> Result<String> {
    let password = Uuid::new_v4().simple().to_string();
    servers.postgres.create_role("nightshift", &password).await?;
    let secret = json!({"username": "nightshift", "password": password});
    stack.moto.put_secret(SECRET, &secret.to_string()).await?;
    Ok(password)
}

/// Records from now on the invocations by `stat-prep` that Lambda accepts.
pub(super) fn record_invocations_by_stat_prep(stack: &MonthStack) -> Arc<Mutex<Vec<Value>>> {
    let accepted: Arc<Mutex<Vec<Value>>> = Arc::default();
    let calls = Arc::clone(&accepted);
    stack.emulator.on_invoke(move |call| {
        if call.caller.as_deref() == Some("stat-prep") {
            lock(&calls).push(json!({"function": call.function, "payload": call.payload}));
        }
        Decision::Deliver
    });
    accepted
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
