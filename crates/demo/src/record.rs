//! What each function was sent, what it returned, and what the other sides received.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result};
use local_stack::{Decision, Invocation, InvokeCall, MonthStack, Outcome};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ledger;

/// One event.
#[derive(Clone, Debug)]
pub struct Entry {
    pub event: Value,
    pub result: Value,
    pub received: Value,
    /// How long the function took.
    pub took: Duration,
}

impl Entry {
    /// As `summary.json` has it.
    pub fn json(&self) -> Value {
        json!({"event": self.event, "result": self.result, "received": self.received})
    }
}

/// The calls of the Invoke API that Lambda has accepted.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<InvokeCall>>>);

impl Calls {
    /// Notes every call from here on.
    pub fn watch(month: &MonthStack) -> Self {
        let calls = Self::default();
        let noted = calls.clone();
        month.emulator.on_invoke(move |call| {
            noted.all().push(call.clone());
            Decision::Deliver
        });
        calls
    }

    /// Those of a function, from the `skip`th on.
    pub fn by(&self, caller: &str, skip: usize) -> Vec<Value> {
        let by_it = |call: &&InvokeCall| call.caller.as_deref() == Some(caller);
        let shown = |call: &InvokeCall| json!({"function": call.function, "payload": call.payload});
        self.all().iter().filter(by_it).skip(skip).map(shown).collect()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<InvokeCall>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The entries of `stat-analysis`, from the `skip`th request on; attempts at the same request are one.
pub async fn analysis_entries(month: &MonthStack, skip: usize) -> Result<Vec<Entry>> {
    let mut requests: Vec<Invocation> = Vec::new();
    for attempt in month.emulator.invocations_of("stat-analysis") {
        match requests
            .iter_mut()
            .find(|request| request.request_id == attempt.request_id)
        {
            Some(request) => *request = attempt,
            None => requests.push(attempt),
        }
    }
    let mut entries = Vec::new();
    for request in requests.into_iter().skip(skip) {
        let received = received_from_analysis(month, &request.payload).await?;
        entries.push(Entry {
            result: result(request.outcome.as_ref()),
            took: took(request.taken, request.ended),
            event: request.payload,
            received,
        });
    }
    Ok(entries)
}

fn took(taken: Option<std::time::SystemTime>, ended: Option<std::time::SystemTime>) -> Duration {
    let took = taken
        .zip(ended)
        .and_then(|(taken, ended)| ended.duration_since(taken).ok());
    took.unwrap_or_default()
}

/// The answer, or what stands in its place.
pub fn result(outcome: Option<&Outcome>) -> Value {
    match outcome {
        Some(Outcome::Answer(answer)) => answer.clone(),
        Some(Outcome::Error(error) | Outcome::InitFailed(error)) => json!({"error": error}),
        Some(other) => json!({"error": format!("{other:?}")}),
        None => Value::Null,
    }
}

async fn received_from_analysis(month: &MonthStack, event: &Value) -> Result<Value> {
    let run_id: Uuid = event["run_id"]
        .as_str()
        .unwrap_or_default()
        .parse()
        .context("a task without a run")?;
    let task = i32::try_from(event["task"].as_i64().context("an event without a task")?)?;
    if task > 0 {
        return Ok(json!({"postgresql": ledger::task_rows(&month.sql, run_id, task).await?}));
    }
    let keywords = ledger::run_rows(&month.sql, "stat_keyword", run_id).await?;
    let row = month
        .sql
        .query_one("select period_id from stat_run where run_id = $1", &[&run_id])
        .await;
    let period: String = row.context("could not read stat_run")?.get(0);
    let mut objects = Vec::new();
    for key in month.moto.objects(&month.bucket).await? {
        if key.contains(&period) {
            let object = month.moto.object(&month.bucket, &key).await?.unwrap_or_default();
            objects.push(json!({"bucket": month.bucket, "key": key, "bytes": object.len()}));
        }
    }
    let mails = month.topic.mails().await?;
    let mails: Vec<Value> = mails
        .iter()
        .filter(|mail| mail.attributes.get("run_id") == Some(&run_id.to_string()))
        .map(|mail| json!({"subject": mail.subject, "attributes": mail.attributes, "message_id": mail.message_id}))
        .collect();
    Ok(json!({"postgresql": {"stat_keyword": keywords}, "s3": objects, "sns": mails}))
}
