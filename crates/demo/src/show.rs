//! How what happened is shown.

use anyhow::Result;
use local_stack::MonthStack as Surroundings;
use serde_json::Value;
use uuid::Uuid;

use super::{
    api, builds,
    ledger::{self, Status},
    record::Entry,
    screen::{self, Align, grouped, heading, labelled, labelled_json},
    stage::seconds,
};

/// How many of a month's tasks are shown before the report.
const SHOWN_TASKS: usize = 4;
/// Of an event, in characters.
const LONGEST_EVENT: usize = 900;

/// An event, the answer, and what the other sides received.
pub fn entry(function: &str, entry: &Entry) {
    labelled(function, &shortened(&entry.event.to_string()));
    labelled_json(&format!("  after {}", seconds(entry.took)), &entry.result);
    labelled("  received", &received(&entry.received));
}

/// AWS's own events say much that nobody needs here.
fn shortened(event: &str) -> String {
    match event.char_indices().nth(LONGEST_EVENT) {
        Some((end, _)) => format!("{} … see summary.json …", &event[..end]),
        None => event.to_owned(),
    }
}

/// Of many tasks the first ones and the last, which is the report.
pub fn analysis(entries: &[Entry]) {
    let hidden = match entries.len().saturating_sub(SHOWN_TASKS + 1) {
        1 => 0,
        hidden => hidden,
    };
    for (index, entry) in entries.iter().enumerate() {
        if index < SHOWN_TASKS || index >= entries.len() - 1 || hidden == 0 {
            self::entry("stat-analysis", entry);
        } else if index == SHOWN_TASKS {
            labelled(
                "stat-analysis",
                &format!("… {hidden} more tasks, see summary.json …"),
            );
        }
    }
}

/// What the other sides received, in words.
fn received(received: &Value) -> String {
    let mut words = Vec::new();
    if let Some(accepted) = received["lambda"]["accepted"].as_u64() {
        words.push(format!("Lambda: {accepted} invocations"));
    }
    if let Some(rows) = received["postgresql"].as_object() {
        let rows = rows.iter().filter(|(_, rows)| rows.as_i64() != Some(0));
        let rows: Vec<String> = rows
            .map(|(table, rows)| format!("{table} {}", grouped(rows)))
            .collect();
        words.push(match rows.is_empty() {
            true => "PostgreSQL: no row".to_owned(),
            false => format!("PostgreSQL rows: {}", rows.join(", ")),
        });
    }
    for object in received["s3"].as_array().into_iter().flatten() {
        words.push(format!(
            "S3: {} ({} bytes)",
            object["key"].as_str().unwrap_or_default(),
            grouped(&object["bytes"])
        ));
    }
    if received["teamcity"] == Value::Array(Vec::new()) {
        words.push("TeamCity: no build".to_owned());
    }
    for build in received["teamcity"].as_array().into_iter().flatten() {
        words.push(format!(
            "TeamCity: build {} of {} for {}",
            build["id"],
            build["buildType"].as_str().unwrap_or_default(),
            build["properties"]["eventKey"].as_str().unwrap_or_default()
        ));
    }
    for mail in received["sns"].as_array().into_iter().flatten() {
        words.push(format!("SNS: mail {}", mail["subject"]));
    }
    if let Some(http) = received["http"].as_object() {
        words.push(format!(
            "the client: status {} to {}",
            http["status"],
            http["request"].as_str().unwrap_or_default()
        ));
    }
    words.extend(api::in_words(received));
    words.extend(builds::in_words(received));
    words.join("\n")
}

/// The mail, some terms, and how the months stand.
pub async fn results(surroundings: &Surroundings, run_id: Uuid, status: &[Status]) -> Result<()> {
    for mail in surroundings.topic.mails().await? {
        heading("The mail");
        labelled("subject", &mail.subject);
        for (name, value) in &mail.attributes {
            labelled("attribute", &format!("{name} = {value}"));
        }
        labelled("text", mail.text.trim_end());
    }
    heading("The most distinctive terms of the buildings with the most texts");
    terms(&ledger::top_terms(&surroundings.sql, run_id, 4, 5).await?);
    heading("stat_status");
    status_table(status);
    Ok(())
}

fn terms(terms: &[ledger::Term]) {
    use Align::{Left, Right};
    let header = [
        "building",
        "texts",
        "term",
        "count",
        "in texts",
        "z",
        "month before",
        "share",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut building = None;
    for term in terms {
        let is_first = building.replace(&term.building) != Some(&term.building);
        let if_first = |text: String| if is_first { text } else { String::new() };
        rows.push(vec![
            if_first(term.building.clone()),
            if_first(grouped(term.documents)),
            term.term.clone(),
            grouped(term.frequency),
            grouped(term.in_documents),
            format!("{:.1}", term.z_score),
            term.previous_frequency.map_or("–".to_owned(), grouped),
            term.share_change
                .map_or("–".to_owned(), |change| format!("{:+.2} pp", change * 100.0)),
        ]);
    }
    screen::table(&[Left, Right, Left, Right, Right, Right, Right, Right], &rows);
}

fn status_table(status: &[Status]) {
    use Align::{Left, Right};
    let header = [
        "period",
        "state",
        "tasks",
        "buildings",
        "failed",
        "texts",
        "morphemes",
        "took",
        "mailed (Seoul)",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for month in status {
        rows.push(vec![
            month.period.clone(),
            month.state.clone(),
            format!("{}/{}", month.tasks_done, month.tasks),
            format!("{}/{}", month.buildings_done, month.buildings),
            month.buildings_failed.to_string(),
            grouped(month.documents),
            grouped(month.morphemes),
            month.took.clone(),
            month.mailed_at.clone().unwrap_or_else(|| "–".to_owned()),
        ]);
    }
    screen::table(
        &[Left, Left, Right, Right, Right, Right, Right, Right, Left],
        &rows,
    );
    if let Some(analyser) = status.first().and_then(|month| month.analyser.as_ref()) {
        labelled("analyser", analyser);
    }
}
