//! Records of `stat-analysis`, the mail, the most distinctive terms and the measurements.

use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::HumanBytes;
use local_stack::{Invocation, MonthStack};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::checks::Evidence;
use super::result_tables;
use crate::invocation_record::{InvocationRecord, result};
use crate::output::{grouped, heading, labelled, line, seconds};

/// Number of a month's tasks that are printed before the report.
const PRINTED_TASKS: usize = 4;

/// Reads the records of `stat-analysis` without the first `skip`. Attempts at the same request are one record.
pub(super) async fn analyses(stack: &MonthStack, skip: usize) -> Result<Vec<InvocationRecord>> {
    let mut requests: Vec<Invocation> = Vec::new();
    for attempt in stack.emulator.invocations_of("stat-analysis") {
        match requests
            .iter_mut()
            .find(|request| request.request_id == attempt.request_id)
        {
            Some(request) => *request = attempt,
            None => requests.push(attempt),
        }
    }
    let mut records = Vec::new();
    for request in requests.into_iter().skip(skip) {
        let (received, effects) = effects(stack, &request.payload).await?;
        let times = request.received.zip(request.ended);
        records.push(InvocationRecord {
            function: "stat-analysis",
            result: result(request.outcome.as_ref()),
            duration: times
                .and_then(|(taken, ended)| ended.duration_since(taken).ok())
                .unwrap_or_default(),
            event: request.payload,
            received,
            effects,
        });
    }
    Ok(records)
}

async fn effects(stack: &MonthStack, event: &Value) -> Result<(Value, Vec<String>)> {
    let run_id: Uuid = serde_json::from_value(event["run_id"].clone())
        .with_context(|| format!("event {event} of stat-analysis has no run_id"))?;
    let task: i32 = serde_json::from_value(event["task"].clone())
        .with_context(|| format!("event {event} of stat-analysis has no task number"))?;
    match task {
        0 => report_effects(stack, run_id).await,
        _ => {
            let rows = result_tables::task_rows(&stack.sql, run_id, task).await?;
            let effect = rows_effect(&rows);
            Ok((json!({"postgresql": rows}), vec![effect]))
        }
    }
}

async fn report_effects(stack: &MonthStack, run_id: Uuid) -> Result<(Value, Vec<String>)> {
    let keywords = result_tables::run_rows(&stack.sql, "stat_keyword", run_id).await?;
    let rows = Map::from_iter([("stat_keyword".to_owned(), keywords.into())]);
    let mut effects = vec![rows_effect(&rows)];
    let period = result_tables::period(&stack.sql, run_id).await?;
    let mut objects = Vec::new();
    for key in stack.moto.objects(&stack.bucket).await? {
        if key.contains(&period) {
            let object = stack.moto.object(&stack.bucket, &key).await?.unwrap_or_default();
            effects.push(format!("S3: {key}, {} bytes", grouped(object.len())));
            objects.push(json!({"bucket": stack.bucket, "key": key, "bytes": object.len()}));
        }
    }
    let mut mails = Vec::new();
    for mail in stack.topic.mails().await? {
        if mail.attributes.get("run_id") == Some(&run_id.to_string()) {
            effects.push(format!("SNS: a message with the subject {:?}", mail.subject));
            mails.push(json!({
                "subject": mail.subject,
                "attributes": mail.attributes,
                "message_id": mail.message_id,
            }));
        }
    }
    Ok((json!({"postgresql": rows, "s3": objects, "sns": mails}), effects))
}

/// Prints the first tasks and the last record, which is the report.
pub(super) fn print_analyses(records: &[InvocationRecord]) {
    let [tasks @ .., report] = records else { return };
    // A single hidden task would save nothing.
    let printed = match tasks.len() > PRINTED_TASKS + 1 {
        true => PRINTED_TASKS,
        false => tasks.len(),
    };
    tasks[..printed].iter().for_each(InvocationRecord::print);
    if printed < tasks.len() {
        let hidden = tasks.len() - printed;
        line(format!("  stat-analysis: {hidden} more tasks, see summary.json"));
    }
    report.print();
}

/// Prints the mail, the most distinctive terms, the state of all months and the measurements.
pub(super) async fn print(evidence: &Evidence<'_>, stack: &MonthStack, duration: Duration) -> Result<()> {
    for mail in &evidence.mails {
        heading("Mail of the report, as an SNS subscriber receives it");
        line(format!("  subject: {}", mail.subject));
        for (name, value) in &mail.attributes {
            line(format!("  attribute {name}: {value}"));
        }
        for text in mail.text.lines() {
            line(format!("    {text}").trim_end());
        }
    }
    heading("Most distinctive terms of the four buildings with the most texts");
    result_tables::print_terms(&stack.sql, evidence.run_id).await?;
    heading("State of all months (view stat_status)");
    result_tables::print_months(&stack.sql).await?;
    print_measurements(evidence, stack, duration).await
}

async fn print_measurements(evidence: &Evidence<'_>, stack: &MonthStack, duration: Duration) -> Result<()> {
    heading("Measurements");
    let per_second = evidence.texts() as f64 / duration.as_secs_f64();
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let mut rows = vec![(
        "duration",
        format!(
            "{} from the schedule's event to the mail, {per_second:.0} texts per second ({profile} profile)",
            seconds(duration)
        ),
    )];
    let memory = stack.emulator.peak_memory("stat-analysis").map(HumanBytes);
    rows.extend(memory.map(|peak| {
        (
            "memory",
            format!("{peak} at the peak in a process of stat-analysis"),
        )
    }));
    let terms = result_tables::run_rows(&stack.sql, "stat_term", evidence.run_id).await?;
    let (terms, keywords) = (grouped(terms), grouped(evidence.keyword_rows));
    rows.push((
        "rows",
        format!("{terms} in stat_term, {keywords} in stat_keyword"),
    ));
    let analyser = evidence.months.first().and_then(|month| month.analyser.clone());
    rows.extend(analyser.map(|analyser| ("analyser", analyser)));
    labelled(rows);
    Ok(())
}

/// Describes new rows by table.
pub(super) fn rows_effect(rows: &Map<String, Value>) -> String {
    let rows = rows.iter().filter(|(_, rows)| rows.as_i64() != Some(0));
    let rows: Vec<String> = rows
        .map(|(table, rows)| format!("{} in {table}", grouped(rows.as_i64().unwrap_or_default())))
        .collect();
    match rows.is_empty() {
        true => "PostgreSQL: no new rows".to_owned(),
        false => format!("PostgreSQL: new rows, {}", rows.join(", ")),
    }
}
