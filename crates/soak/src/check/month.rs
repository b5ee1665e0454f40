//! The month is as after a run without disturbances, with one report and one mail.

use anyhow::{Context, Result, ensure};
use local_stack::{Fault, MonthResults, Outcome};

use crate::part::Check;
use crate::run::month::{MonthRun, publish};

pub(crate) async fn check(run: &MonthRun, clean: &MonthResults) -> Vec<Check> {
    vec![
        ("the month row for row", row_for_row(run, clean).await),
        ("one report", one_report(run).await),
        ("one mail", one_mail(run).await),
    ]
}

async fn row_for_row(run: &MonthRun, clean: &MonthResults) -> Result<String> {
    let results = MonthResults::read(&run.stack).await?;
    let differs = results
        .rows
        .iter()
        .zip(&clean.rows)
        .find(|(is, wanted)| is != wanted);
    ensure!(differs.is_none(), "a row differs from the clean run: {differs:?}");
    ensure!(
        results.rows.len() == clean.rows.len(),
        "{} rows, {} after the clean run",
        results.rows.len(),
        clean.rows.len()
    );
    ensure!(
        results.files() == clean.files(),
        "a file of the report differs from the clean run"
    );
    Ok(format!(
        "{} rows and the four files are as after a clean run",
        clean.rows.len()
    ))
}

async fn one_report(run: &MonthRun) -> Result<String> {
    let keys = run.stack.moto.objects(&run.stack.bucket).await?;
    ensure!(keys.len() == 4, "the bucket has {keys:?}");
    let runs = run.stack.rows("select run_id from stat_run").await?;
    ensure!(runs.len() == 1, "the month has the runs {runs:?}");
    Ok("one run, four objects".to_owned())
}

/// A mail whose answer was lost, or whose sender was killed before it recorded the mail, is sent again.
async fn one_mail(run: &MonthRun) -> Result<String> {
    let mails = run.stack.topic.mails().await?;
    let first = mails.first().context("no mail was sent")?;
    for mail in &mails {
        ensure!(
            (&mail.text, &mail.attributes) == (&first.text, &first.attributes),
            "two mails differ: {mail:?}"
        );
    }
    let requests = run.aws.faults.seen().into_iter();
    let lost = requests
        .filter(|request| publish().fits(request))
        .filter(|request| matches!(request.fault, Some(Fault::LoseResponse | Fault::HalfResponse)))
        .count();
    let reports = run.stack.emulator.invocations_of("stat-analysis").into_iter();
    let killed = reports
        .filter(|one| {
            one.payload["task"] == 0 && matches!(one.outcome, Some(Outcome::Crashed(_) | Outcome::Error(_)))
        })
        .count();
    let more = mails.len() - 1;
    ensure!(
        more <= lost + killed,
        "{} mails; {lost} answers were lost, {killed} reports failed",
        mails.len()
    );
    Ok(match more {
        0 => "one".to_owned(),
        _ => format!("one, and {more} again: {lost} answers were lost, {killed} reports failed"),
    })
}
