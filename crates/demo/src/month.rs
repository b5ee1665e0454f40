//! The monthly statistics: `stat-prep` and `stat-analysis` compute a month from the schedule's event to the mail.

mod browser_check;
pub(crate) mod checks;
mod personal_data;
mod result_tables;
mod results;
mod setup;
pub(crate) mod source_tables;
mod text_files;
mod workbook_check;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use checks::Evidence;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use local_stack::{MonthStack, event};
use serde_json::{Value, json};
use source_tables::SourceTables;
use uuid::Uuid;

use crate::functions;
use crate::invocation_record::InvocationRecord;
use crate::output::{Progress, heading, line};
use crate::output_folder::OutputFolder;
use crate::servers::Servers;

pub(crate) const FUNCTIONS: [&str; 2] = ["stat-prep", "stat-analysis"];
/// Time zone of the buildings, and the functions' default.
const TIME_ZONE: &str = "Asia/Seoul";
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Time without progress after which the demo gives up.
const STUCK_AFTER: Duration = Duration::from_secs(600);

/// Functions deployed for the month, and their invocations so far.
struct MonthRun {
    stack: MonthStack,
    /// First day of the reported month.
    month: Date,
    source: SourceTables,
    /// Password in Secrets Manager; none where `DATABASE_URL` names a server that is not ours.
    password: Option<String>,
    /// Invocations by `stat-prep` that Lambda has accepted.
    accepted: Arc<Mutex<Vec<Value>>>,
    preparations: Vec<InvocationRecord>,
    analyses: Vec<InvocationRecord>,
}

/// Computes the last full month, then invokes the other functions, checks everything and leaves the report in
/// the target folder.
pub(crate) async fn run(servers: &Servers, texts: Option<&Path>) -> Result<ExitCode> {
    let folder = OutputFolder::create()?;
    let mut run = MonthRun::prepare(servers, texts).await?;
    if texts.is_none() {
        run.back_fill().await?;
    }
    let (run_id, duration) = run.scheduled().await?;
    let evidence = run.evidence(run_id).await?;
    results::print(&evidence, &run.stack, duration).await?;

    let demos = functions::run_all(&servers.moto).await?;
    folder.write(&evidence, &demos)?;
    let all_passed = checks::print(&evidence, demos).await;
    heading(format!(
        "Wrote report.html, report.xlsx, report.csv, report-categories.csv and summary.json to {}",
        folder.path().display()
    ));
    if !all_passed {
        run.print_errors();
        bail!("checks failed: see the lines marked with ✗ above");
    }
    Ok(ExitCode::SUCCESS)
}

/// Formats a month as the functions do: `2026-10`.
pub(crate) fn month_id(month: Date) -> String {
    month.strftime("%Y-%m").to_string()
}

/// The last month that is over at `now` in Seoul.
fn last_full_month(now: Timestamp) -> Result<Date> {
    Ok(now.in_tz(TIME_ZONE)?.date().first_of_month() - 1.month())
}

/// The time of the schedule's event for a month: 01:00 in Seoul on the 1st, so 16:00 UTC on the month's last day.
fn schedule_time(month: Date) -> String {
    format!("{}T16:00:00Z", month.last_of_month())
}

impl MonthRun {
    /// Creates a database, fills its source tables and deploys both functions.
    async fn prepare(servers: &Servers, texts: Option<&Path>) -> Result<Self> {
        let month = last_full_month(Timestamp::now())?;
        let stack = MonthStack::new(&servers.postgres, &servers.moto).await?;
        let source = setup::load_texts(&stack, texts, month).await?;
        let accepted = setup::record_invocations_by_stat_prep(&stack);
        let password = setup::deploy(servers, &stack, texts.is_none()).await?;
        line(format!("\nMonthly statistics of {}", month_id(month)));
        Ok(Self {
            stack,
            month,
            source,
            password,
            accepted,
            preparations: Vec::new(),
            analyses: Vec::new(),
        })
    }

    /// Computes the earlier months, the earliest first: each report compares with the months before.
    async fn back_fill(&mut self) -> Result<()> {
        for back in (1..=text_files::EARLIER_MONTHS + 1).rev() {
            let month = month_id(self.month - back.months());
            let event = json!({"period": month, "mail": false});
            self.send(&format!("Back-fill of {month} without a mail"), event)
                .await?;
        }
        Ok(())
    }

    /// Sends the schedule's event, the same event again and a resume. Returns the run's id and the time from the
    /// first event to the end of the last invocation.
    async fn scheduled(&mut self) -> Result<(Uuid, Duration)> {
        let mut schedule = event("stat-prep", "scheduled-rule");
        schedule["time"] = schedule_time(self.month).into();
        let title = format!(
            "Report of {}: the schedule's event, at 01:00 in Seoul on the 1st",
            month_id(self.month)
        );
        let duration = self.send(&title, schedule.clone()).await?;
        let run_id = self.run_id()?;
        self.send(
            "The same event again: EventBridge delivers at least once",
            schedule,
        )
        .await?;
        self.send(
            "Resume of unfinished months, of which there are none",
            json!({"resume": true}),
        )
        .await?;
        Ok((run_id, duration))
    }

    /// Sends an event to `stat-prep`, waits for all invocations that follow from it, and prints them.
    async fn send(&mut self, title: &str, event: Value) -> Result<Duration> {
        heading(title);
        let MonthStack { emulator, sql, .. } = &self.stack;
        let rows = result_tables::plan_rows(sql).await?;
        setup::lock(&self.accepted).clear();
        let began = Instant::now();
        let mut preparation = InvocationRecord::invoke(emulator, "stat-prep", event).await?;
        let added = result_tables::added(&rows, &result_tables::plan_rows(sql).await?);
        self.wait().await?;
        let duration = began.elapsed();

        let accepted = setup::lock(&self.accepted).clone();
        preparation.effects = vec![
            format!("Lambda: {} invocations of stat-analysis", accepted.len()),
            results::rows_effect(&added),
        ];
        preparation.received = json!({
            "lambda": {"accepted": accepted.len(), "invocations": accepted},
            "postgresql": added,
        });
        preparation.print();
        self.preparations.push(preparation);
        let analyses = results::analyses(&self.stack, self.analyses.len()).await?;
        results::print_analyses(&analyses);
        self.analyses.extend(analyses);
        self.ensure_done().await?;
        Ok(duration)
    }

    /// Waits until no invocation runs or is queued, and shows the month's progress meanwhile.
    async fn wait(&self) -> Result<()> {
        let mut progress = Progress::start("invoking the functions");
        let (mut last, mut last_change) = (None, Instant::now());
        while let Err(busy) = self.stack.emulator.wait_until_idle(POLL_INTERVAL).await {
            let months = result_tables::months(&self.stack.sql).await?;
            let Some(month) = months.iter().find(|month| month.state != "done") else {
                continue;
            };
            progress.update(month.progress());
            let done = (month.tasks_done, month.buildings_done);
            if last.replace(done) != Some(done) {
                last_change = Instant::now();
            } else if last_change.elapsed() > STUCK_AFTER {
                return Err(busy);
            }
        }
        Ok(())
    }

    /// Stops the demo at an unfinished month: the next event would only resume it.
    async fn ensure_done(&self) -> Result<()> {
        let sql = &self.stack.sql;
        if !result_tables::exists(sql, "stat_status").await? {
            self.print_errors();
            bail!("stat-prep did not create its tables: see its response above");
        }
        let months = result_tables::months(sql).await?;
        if let Some(month) = months.iter().find(|month| month.state != "done") {
            self.print_errors();
            bail!(
                "no invocation is left, but {} is {}: {} of {} tasks are done, {} buildings failed",
                month.period,
                month.state,
                month.tasks_done,
                month.tasks,
                month.buildings_failed
            );
        }
        Ok(())
    }

    /// The id of the run that the last event opened.
    fn run_id(&self) -> Result<Uuid> {
        let result = &self.preparations.last().context("no event was sent")?.result;
        serde_json::from_value(result["run_id"].clone())
            .with_context(|| format!("the response of stat-prep has no run_id: {result}"))
    }

    async fn evidence(&self, run_id: Uuid) -> Result<Evidence<'_>> {
        let MonthStack {
            moto, bucket, sql, ..
        } = &self.stack;
        let report = self.month.last_of_month();
        let mut objects = Vec::new();
        for key in moto.objects(bucket).await? {
            let content = moto.object(bucket, &key).await?;
            objects.push((key, content.unwrap_or_default()));
        }
        Ok(Evidence {
            run: self,
            run_id,
            keyword_rows: result_tables::run_rows(sql, "stat_keyword", run_id).await?,
            category_rows: result_tables::run_rows(sql, "stat_category", run_id).await?,
            months: result_tables::months(sql).await?,
            csv: self.stack.report(&format!("{report}.csv")).await?,
            categories: self.stack.report(&format!("{report}-categories.csv")).await?,
            xlsx: self.stack.report(&format!("{report}.xlsx")).await?,
            html: self.stack.report(&format!("{report}.html")).await?,
            objects,
            mails: self.stack.topic.mails().await?,
        })
    }

    fn logs(&self) -> Vec<String> {
        FUNCTIONS.map(|name| self.stack.emulator.logs(name)).concat()
    }

    /// Prints the first warnings and errors that each function logged.
    fn print_errors(&self) {
        heading("Warnings and errors in the functions' logs");
        for name in FUNCTIONS {
            let mut logs = self.stack.emulator.logs(name);
            logs.retain(|log| {
                ["ERROR", "WARN", "panicked"]
                    .iter()
                    .any(|word| log.contains(word))
            });
            logs.iter()
                .take(5)
                .for_each(|log| line(format!("  {name}: {log}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(now: &str, month: &str, schedule: &str) {
        let last = last_full_month(now.parse().unwrap()).unwrap();
        assert_eq!(
            (month_id(last).as_str(), schedule_time(last).as_str()),
            (month, schedule)
        );
    }

    #[test]
    fn reports_the_last_month_that_is_over_in_seoul() {
        check("2026-11-20T00:00:00Z", "2026-10", "2026-10-31T16:00:00Z");
        // Still October in UTC, November in Seoul.
        check("2026-10-31T15:00:00Z", "2026-10", "2026-10-31T16:00:00Z");
        check("2026-10-31T14:59:59Z", "2026-09", "2026-09-30T16:00:00Z");
        check("2028-03-01T00:00:00Z", "2028-02", "2028-02-29T16:00:00Z");
        check("2027-01-15T00:00:00Z", "2026-12", "2026-12-31T16:00:00Z");
    }
}
