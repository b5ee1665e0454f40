//! Checks of the month's results, and the list of all checks.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use local_stack::{Mail, Outcome, Workbook};
use serde_json::json;
use uuid::Uuid;

use super::result_tables::Month;
use super::{MonthRun, browser_check, month_id, workbook_check};
use crate::functions::FunctionDemo;
use crate::invocation_record::InvocationRecord;
use crate::output::{grouped, heading, labelled};

const CSV_HEADER: &str = "\u{feff}period,building_id,building,rank,term,frequency,documents,z_score,previous_frequency,share_change";

/// State of all systems after the month's last event.
pub(crate) struct Evidence<'r> {
    pub(super) run: &'r MonthRun,
    pub run_id: Uuid,
    /// Number of the run's rows in `stat_keyword`.
    pub keyword_rows: i64,
    /// Number of the run's rows in `stat_category`.
    pub category_rows: i64,
    pub months: Vec<Month>,
    pub csv: Vec<u8>,
    pub categories: Vec<u8>,
    pub xlsx: Vec<u8>,
    pub html: Vec<u8>,
    /// Content of all objects in the bucket by key.
    pub objects: Vec<(String, Vec<u8>)>,
    pub mails: Vec<Mail>,
}

impl Evidence<'_> {
    /// The invocations of `stat-prep` and `stat-analysis`.
    pub(crate) fn records(&self) -> impl Iterator<Item = &InvocationRecord> {
        self.run.preparations.iter().chain(&self.run.analyses)
    }

    pub(crate) fn period(&self) -> String {
        month_id(self.run.month)
    }

    /// Number of texts that were loaded into the month.
    pub(crate) fn texts(&self) -> i64 {
        let texts = &self.run.source.texts;
        texts.get(&self.period()).copied().unwrap_or_default()
    }
}

/// Fact that a check has proved, or the fault that it found.
pub(crate) type CheckResult = Result<String>;

/// Prints the result of every check. Returns whether all of them passed.
pub(crate) async fn print(evidence: &Evidence<'_>, demos: Vec<FunctionDemo>) -> bool {
    let mut checks = vec![
        ("month", month_is_done(evidence)),
        ("texts", every_text_is_counted(evidence)),
        ("invocations", every_invocation_succeeded(evidence)),
        ("mail", one_mail_was_sent(evidence)),
        ("CSV", csv_is_complete(evidence)),
        ("categories", workbook_check::check_categories(evidence)),
        ("workbook", workbook_check::check(evidence)),
        ("HTML", html_names_every_building(evidence)),
        ("browser", browser_check::check(&evidence.html).await),
        ("privacy", no_personal_data_is_left(evidence)),
        ("same event", same_event_has_no_effect(evidence)),
        ("resume", resume_finds_nothing(evidence)),
    ];
    checks.extend(demos.into_iter().map(|demo| (demo.function, demo.check)));
    heading("Checks");
    labelled(checks.iter().map(|(name, result)| match result {
        Ok(fact) => (format!("✓ {name}"), fact.clone()),
        Err(fault) => (format!("✗ {name}"), format!("{fault:#}")),
    }));
    checks.iter().all(|(_, result)| result.is_ok())
}

fn month_is_done(evidence: &Evidence<'_>) -> CheckResult {
    for month in &evidence.months {
        let Month {
            period,
            state,
            buildings,
            buildings_done,
            ..
        } = month;
        ensure!(
            state == "done" && buildings == buildings_done,
            "{period} is {state} with {buildings_done} of {buildings} buildings"
        );
    }
    let period = evidence.period();
    let month = evidence.months.iter().find(|month| month.period == period);
    let month = month.with_context(|| format!("stat_status has no row for {period}"))?;
    Ok(format!(
        "{period} is done with all {} buildings",
        grouped(month.buildings)
    ))
}

fn every_text_is_counted(evidence: &Evidence<'_>) -> CheckResult {
    for (period, texts) in &evidence.run.source.texts {
        let month = evidence.months.iter().find(|month| month.period == *period);
        let counted = month.map_or(0, |month| month.documents);
        ensure!(
            counted == *texts,
            "{texts} texts were loaded into {period}, but {counted} were counted"
        );
    }
    Ok(format!(
        "all {} texts of the month were counted",
        grouped(evidence.texts())
    ))
}

fn every_invocation_succeeded(evidence: &Evidence<'_>) -> CheckResult {
    let emulator = &evidence.run.stack.emulator;
    let dead_letters = emulator.dead_letters();
    ensure!(
        dead_letters.is_empty(),
        "Lambda gave up these events: {dead_letters:?}"
    );
    let attempts = emulator.invocations();
    for attempt in &attempts {
        ensure!(
            matches!(attempt.outcome, Some(Outcome::Response(_))) && attempt.attempt == 1,
            "attempt {} of {} with {}: {:?}",
            attempt.attempt,
            attempt.function,
            attempt.payload,
            attempt.outcome
        );
    }
    for analysis in &evidence.run.analyses {
        let (event, result) = (&analysis.event, &analysis.result);
        ensure!(
            result.get("skipped").is_none(),
            "stat-analysis skipped {event}: {result}"
        );
    }
    Ok(format!(
        "all {} succeeded at the first attempt; Lambda gave up no event",
        attempts.len()
    ))
}

fn one_mail_was_sent(evidence: &Evidence<'_>) -> CheckResult {
    let [mail] = evidence.mails.as_slice() else {
        anyhow::bail!(
            "the SNS subscriber received {} mails instead of one",
            evidence.mails.len()
        );
    };
    let period = evidence.period();
    ensure!(
        mail.subject.contains(&period),
        "the subject {:?} does not contain {period}",
        mail.subject
    );
    ensure!(
        mail.attributes.get("run_id") == Some(&evidence.run_id.to_string()),
        "the attributes {:?} do not contain run_id {}",
        mail.attributes,
        evidence.run_id
    );
    Ok("one was sent, with the month in its subject and the run's id as attribute".to_owned())
}

fn csv_is_complete(evidence: &Evidence<'_>) -> CheckResult {
    let csv = str::from_utf8(&evidence.csv).context("it is not UTF-8")?;
    ensure!(
        csv.starts_with(&format!("{CSV_HEADER}\r\n")),
        "it begins with {:?} instead of the header",
        csv.lines().next().unwrap_or_default()
    );
    let (rows, keywords) = (csv_records(csv) - 1, evidence.keyword_rows);
    ensure!(
        rows == keywords && rows > 0,
        "it has {rows} rows, stat_keyword has {keywords}"
    );
    Ok(format!(
        "UTF-8 with byte order mark, the header, and {} rows as in stat_keyword",
        grouped(rows)
    ))
}

/// Counts the records of an RFC 4180 file, in which a quoted field may contain a line break.
pub(super) fn csv_records(csv: &str) -> i64 {
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

fn html_names_every_building(evidence: &Evidence<'_>) -> CheckResult {
    let html = str::from_utf8(&evidence.html).context("it is not UTF-8")?;
    let section = html.split("<h2 id=\"").nth(1).unwrap_or_default();
    ensure!(
        section.starts_with("categories\""),
        "it does not begin with the categories"
    );
    let texts: HashSet<&str> = html.split(['<', '>']).collect();
    let buildings = &evidence.run.source.buildings;
    for (id, name) in buildings {
        let mut escaped = name.clone();
        for (character, entity) in [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")] {
            escaped = escaped.replace(character, entity);
        }
        ensure!(
            texts.contains(escaped.as_str()),
            "it does not name the building {id} ({name})"
        );
    }
    Ok(format!(
        "it begins with the categories and names all {} buildings",
        grouped(buildings.len())
    ))
}

fn no_personal_data_is_left(evidence: &Evidence<'_>) -> CheckResult {
    let logs = evidence.run.logs();
    let mut outputs = vec![("the logs", logs.join("\n"))];
    for (key, content) in &evidence.objects {
        outputs.push((key, String::from_utf8_lossy(content).into_owned()));
    }
    // The workbook is compressed.
    outputs.push(("the workbook", format!("{:?}", Workbook::parse(&evidence.xlsx)?)));
    for mail in &evidence.mails {
        outputs.push(("the mail", format!("{}\n{}", mail.subject, mail.text)));
    }
    let (data, password) = (&evidence.run.source.personal_data, &evidence.run.password);
    for (place, text) in outputs {
        if let Some(found) = data.found_in(&text) {
            anyhow::bail!("{place}: expected no personal data, found {found}");
        }
        let leaks = password.as_ref().is_some_and(|password| text.contains(password));
        ensure!(
            !leaks,
            "{place}: expected no password, found the one of the database"
        );
    }
    Ok(format!(
        "no report, mail or log line (of {}) contains one of the texts' {} numbers and mail addresses{}",
        grouped(logs.len()),
        data.len(),
        password.as_ref().map_or("", |_| ", or the database's password")
    ))
}

fn same_event_has_no_effect(evidence: &Evidence<'_>) -> CheckResult {
    let [.., first, again, _resume] = evidence.run.preparations.as_slice() else {
        anyhow::bail!("the month's event was not sent twice");
    };
    let run_id = &first.result["run_id"];
    ensure!(
        again.result["run_id"] == *run_id && again.result["invoked"] == 0,
        "the second response is {}",
        again.result
    );
    let events = evidence.run.analyses.iter().map(|analysis| &analysis.event);
    let reports = events
        .filter(|event| event["run_id"] == *run_id && event["task"] == 0)
        .count();
    ensure!(reports == 1, "the report was written {reports} times");
    Ok("the second delivery found the run; it invoked no task and sent no second mail".to_owned())
}

fn resume_finds_nothing(evidence: &Evidence<'_>) -> CheckResult {
    let resume = evidence.run.preparations.last().context("it was not sent")?;
    ensure!(
        resume.result == json!({"resumed": []}),
        "the response is {}",
        resume.result
    );
    Ok("it found no unfinished month".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_csv_records_and_not_lines() {
        assert_eq!(super::csv_records("a,b\r\n\"1\r\n\"\"x\"\"\",2\r\n"), 2);
    }
}
