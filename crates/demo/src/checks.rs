//! Whether everything is as it should be.

use std::collections::HashSet;

use local_stack::{Invocation, Mail, Outcome};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ledger::Status,
    record::Entry,
    scene::Scene,
    screen::{grouped, heading, labelled},
    tenant::Tenant,
};

const HEADER: &str = "\u{feff}period,building_id,building,rank,term,frequency,documents,z_score,previous_frequency,share_change";

/// What was left behind by a rehearsal.
pub struct Evidence<'r> {
    pub tenant: &'r Tenant,
    /// The database's, where it is in Secrets Manager.
    pub password: Option<&'r str>,
    /// Number of texts loaded into the month.
    pub texts: i64,
    pub period: String,
    pub run_id: Uuid,
    /// Number of rows in `stat_keyword`.
    pub keywords: i64,
    pub status: Vec<Status>,
    pub csv: Vec<u8>,
    pub html: Vec<u8>,
    /// How the HTML looks in a browser, or what is wrong with it there.
    pub page: Result<String, String>,
    /// Everything in the bucket, by key.
    pub objects: Vec<(String, Vec<u8>)>,
    pub mails: Vec<Mail>,
    pub logs: Vec<String>,
    /// Ends with the month's event, the same again, and a resume.
    pub prep: &'r [Entry],
    pub analysis: &'r [Entry],
    pub attempts: Vec<Invocation>,
    pub dead_letters: Vec<String>,
}

/// What was found, or what is wrong with it.
type Check = fn(&Evidence<'_>) -> Result<String, String>;

/// Prints each check; tells whether all of them hold.
pub fn all(evidence: &Evidence<'_>, scenes: &[Scene]) -> bool {
    heading("Checks");
    let checks: [(&str, Check); 10] = [
        ("the month", month_is_done),
        ("texts", every_text_is_counted),
        ("invocations", every_invocation_succeeded),
        ("mail", one_mail),
        ("CSV", csv_is_right),
        ("HTML", html_names_every_building),
        ("page", |evidence| evidence.page.clone()),
        ("privacy", nothing_personal_is_left),
        ("again", same_event_does_nothing),
        ("resume", resume_finds_nothing),
    ];
    let main_job = checks.map(|(name, check)| (name, check(evidence)));
    let others = scenes.iter().map(|scene| scene.check.clone());
    let mut is_right = true;
    for (name, outcome) in main_job.into_iter().chain(others) {
        let (mark, words) = match outcome {
            Ok(words) => ("✓", words),
            Err(words) => ("✗", words),
        };
        is_right &= mark == "✓";
        labelled(&format!("{mark} {name}"), &words);
    }
    is_right
}

fn month_is_done(evidence: &Evidence<'_>) -> Result<String, String> {
    for month in &evidence.status {
        let Status {
            period,
            state,
            buildings,
            buildings_done,
            ..
        } = month;
        if state != "done" || buildings != buildings_done {
            return Err(format!(
                "{period} is {state} with {buildings_done} of {buildings} buildings"
            ));
        }
    }
    match evidence
        .status
        .iter()
        .find(|month| month.period == evidence.period)
    {
        Some(month) => Ok(format!(
            "{} is done, with all {} buildings",
            month.period,
            grouped(month.buildings)
        )),
        None => Err(format!("stat_status does not know {}", evidence.period)),
    }
}

fn every_text_is_counted(evidence: &Evidence<'_>) -> Result<String, String> {
    for (period, texts) in &evidence.tenant.texts {
        let counted = evidence.status.iter().find(|month| month.period == *period);
        let counted = counted.map_or(0, |month| month.documents);
        if counted != *texts {
            return Err(format!(
                "{texts} texts were loaded into {period}, but {counted} counted"
            ));
        }
    }
    Ok(format!(
        "all {} texts of the month are counted",
        grouped(evidence.texts)
    ))
}

fn every_invocation_succeeded(evidence: &Evidence<'_>) -> Result<String, String> {
    if let [first, ..] = evidence.dead_letters.as_slice() {
        return Err(format!(
            "{} events were given up, the first is {first}",
            evidence.dead_letters.len()
        ));
    }
    for attempt in &evidence.attempts {
        if !matches!(attempt.outcome, Some(Outcome::Answer(_))) || attempt.attempt > 1 {
            return Err(format!(
                "{} {}: {:?}",
                attempt.function, attempt.payload, attempt.outcome
            ));
        }
    }
    if let Some(entry) = evidence
        .analysis
        .iter()
        .find(|entry| entry.result.get("skipped").is_some())
    {
        return Err(format!("stat-analysis skipped {}: {}", entry.event, entry.result));
    }
    Ok(format!(
        "{} succeeded at the first attempt, nothing was given up",
        evidence.attempts.len()
    ))
}

fn one_mail(evidence: &Evidence<'_>) -> Result<String, String> {
    let [mail] = evidence.mails.as_slice() else {
        return Err(format!(
            "expected one mail, the topic's subscriber received {}",
            evidence.mails.len()
        ));
    };
    if !mail.subject.contains(&evidence.period) {
        return Err(format!(
            "its subject {:?} does not name {}",
            mail.subject, evidence.period
        ));
    }
    if mail.attributes.get("run_id") != Some(&evidence.run_id.to_string()) {
        return Err(format!(
            "its attributes {:?} lack run_id {}",
            mail.attributes, evidence.run_id
        ));
    }
    Ok("one, with a subject and the run's id as attribute".to_owned())
}

fn csv_is_right(evidence: &Evidence<'_>) -> Result<String, String> {
    let csv = str::from_utf8(&evidence.csv).map_err(|error| format!("it is not UTF-8: {error}"))?;
    if !csv.starts_with(&format!("{HEADER}\r\n")) {
        return Err(format!(
            "it begins with {:?}",
            csv.lines().next().unwrap_or_default()
        ));
    }
    let rows = records(csv) - 1;
    if rows != evidence.keywords || rows == 0 {
        return Err(format!("it has {rows} rows, stat_keyword {}", evidence.keywords));
    }
    Ok(format!(
        "UTF-8 with BOM, the header, and {} rows as in stat_keyword",
        grouped(rows)
    ))
}

/// Records of an RFC 4180 file, in which a quoted field may hold a line break.
fn records(csv: &str) -> i64 {
    let (mut is_quoted, mut records) = (false, 0);
    for character in csv.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\n' if !is_quoted => records += 1,
            _ => {}
        }
    }
    records
}

fn html_names_every_building(evidence: &Evidence<'_>) -> Result<String, String> {
    let html = str::from_utf8(&evidence.html).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let shown: HashSet<&str> = html.split(['<', '>']).collect();
    for (id, name) in &evidence.tenant.buildings {
        let escaped = name
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;");
        if !shown.contains(escaped.as_str()) {
            return Err(format!("it does not name {name} ({id})"));
        }
    }
    Ok(format!(
        "names all {} buildings",
        grouped(evidence.tenant.buildings.len())
    ))
}

fn nothing_personal_is_left(evidence: &Evidence<'_>) -> Result<String, String> {
    let objects = evidence
        .objects
        .iter()
        .map(|(key, content)| (key.as_str(), String::from_utf8_lossy(content).into_owned()));
    let mails = evidence
        .mails
        .iter()
        .map(|mail| ("the mail", format!("{}\n{}", mail.subject, mail.text)));
    let logs = ("the logs", evidence.logs.join("\n"));
    let data = &evidence.tenant.personal_data;
    for (name, text) in objects.chain(mails).chain([logs]) {
        if let Some(found) = data.found_in(&text) {
            return Err(format!("{found} of a text stands in {name}"));
        }
        if evidence.password.is_some_and(|password| text.contains(password)) {
            return Err(format!("the database's password stands in {name}"));
        }
    }
    let password = evidence
        .password
        .map_or("", |_| ", nor is the database's password");
    Ok(format!(
        "the texts' {} numbers and addresses are not in the reports, the mail or {} lines of logs{password}",
        data.len(),
        grouped(evidence.logs.len())
    ))
}

fn same_event_does_nothing(evidence: &Evidence<'_>) -> Result<String, String> {
    let [.., first, again, _] = evidence.prep else {
        return Err("it was not sent".to_owned());
    };
    if again.result["run_id"] != first.result["run_id"] || again.result["invoked"] != 0 {
        return Err(format!("it answered {}", again.result));
    }
    let reports =
        |entry: &&Entry| entry.event["run_id"] == first.result["run_id"] && entry.event["task"] == 0;
    match evidence.analysis.iter().filter(reports).count() {
        1 => Ok("the same event found the run, handed nothing out and sent no second mail".to_owned()),
        reports => Err(format!("the report was written {reports} times")),
    }
}

fn resume_finds_nothing(evidence: &Evidence<'_>) -> Result<String, String> {
    let answer = evidence
        .prep
        .last()
        .map_or(Value::Null, |entry| entry.result.clone());
    if answer != json!({"resumed": []}) {
        return Err(format!("it answered {answer}"));
    }
    Ok("answered that nothing is open".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_records_and_not_lines() {
        assert_eq!(super::records("a,b\r\n\"1\r\n\"\"x\"\"\",2\r\n"), 2);
    }
}
