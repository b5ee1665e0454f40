//! The events of a month's end, sent one after the other, and what comes of them.

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use local_stack::MonthStack as Surroundings;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    calendar::Month,
    checks::{self, Evidence},
    figures::Figures,
    ledger::{self, Status},
    page,
    progress::Progress,
    record::{self, Calls, Entry},
    report::Folder,
    scene,
    screen::{grouped, heading, labelled, line},
    show,
    stage::{Servers, seconds},
    tenant::{self, Tenant},
    texts,
};

/// So few that the demo's months have several tasks; a user's file has AWS's number.
const DEMO_TEXTS_PER_TASK: &str = "300";
/// Where the functions find the database's password.
const SECRET: &str = "nightshift/database";
const LOOK_EVERY: Duration = Duration::from_millis(250);
const STUCK_AFTER: Duration = Duration::from_secs(600);

/// The stage, and what happened on it.
struct Rehearsal {
    surroundings: Surroundings,
    calls: Calls,
    tenant: Tenant,
    /// In the functions' environment only as the name of a secret.
    password: Option<String>,
    prep: Vec<Entry>,
    analysis: Vec<Entry>,
}

/// Computes the month, shows it, leaves the report in the target folder, and says whether all was right.
pub async fn perform(servers: &Servers, texts: Option<&Path>) -> Result<ExitCode> {
    let folder = Folder::empty()?;
    let month = Month::last_full(jiff::Timestamp::now());
    line(format!(
        "\nNightshift: the statistics of {}, from the schedule to the mail\n",
        month.id()
    ));
    let mut rehearsal = Rehearsal::prepare(servers, texts, month).await?;

    if texts.is_none() {
        // From the first to the last, as each report looks back on those before it.
        for back in (1..=texts::EARLIER_MONTHS + 1).rev() {
            let earlier = (0..back).fold(month, |month, _| month.before());
            let title = format!("{}, filled in by hand and without a mail", earlier.id());
            let back_fill = json!({"period": earlier.id(), "mail": false});
            rehearsal.send(&title, back_fill).await?;
        }
    }
    let schedule = schedule_event(month)?;
    let wall = rehearsal
        .send("The schedule: 01:00 in Seoul on the 1st", schedule.clone())
        .await?;
    let run_id = rehearsal.run_id()?;
    rehearsal
        .send(
            "The same event once more, as EventBridge may deliver it",
            schedule,
        )
        .await?;
    rehearsal
        .send("A resume, which finds nothing to resume", json!({"resume": true}))
        .await?;

    let status = ledger::status(&rehearsal.surroundings.sql).await?;
    let figures = Figures::measure(
        &rehearsal.surroundings,
        run_id,
        rehearsal.tenant.texts_of(month),
        wall,
    )
    .await?;
    let evidence = rehearsal.evidence(month, run_id, status).await?;
    show::results(&rehearsal.surroundings, run_id, &evidence.status).await?;
    figures.show();
    let scenes = scene::all(&servers.moto).await?;
    folder.write(&evidence, &scenes)?;

    let is_right = checks::all(&evidence, &scenes);
    heading(format!("The report lies in {}", folder.path().display()));
    labelled("", "report.html  report.csv  summary.json");
    if !is_right {
        rehearsal.show_errors();
        bail!("not everything is as it should be: see the lines marked with ✗ above");
    }
    Ok(ExitCode::SUCCESS)
}

/// The rule's event as AWS sends it, with the instant at which the month's report is due.
fn schedule_event(month: Month) -> Result<Value> {
    let mut event = local_stack::event("stat-prep", "scheduled-rule");
    event["time"] = month.schedule().into();
    Ok(event)
}

impl Rehearsal {
    async fn prepare(servers: &Servers, texts: Option<&Path>, month: Month) -> Result<Self> {
        let surroundings = servers.month().await?;
        let began = Instant::now();
        let mut progress = Progress::new();
        progress.update("texts      are being loaded");
        let tenant = match texts {
            Some(path) => tenant::fill_with(&surroundings.sql, path, month, &mut progress).await?,
            None => tenant::fill_with_demo(&surroundings.sql, month).await?,
        };
        progress.clear();
        let months: Vec<String> = tenant
            .texts
            .iter()
            .map(|(month, texts)| format!("{} in {month}", grouped(texts)))
            .collect();
        line(format!(
            "  texts      {}, of {} buildings: {}",
            months.join(", "),
            grouped(tenant.buildings.len()),
            seconds(began.elapsed())
        ));
        let calls = Calls::watch(&surroundings);
        let password = deploy(servers, &surroundings, texts.is_none()).await?;
        Ok(Self {
            surroundings,
            calls,
            tenant,
            password,
            prep: Vec::new(),
            analysis: Vec::new(),
        })
    }

    /// Sends `stat-prep` an event, waits for all that follows, and shows it. Tells how long it took.
    async fn send(&mut self, title: &str, event: Value) -> Result<Duration> {
        heading(title);
        let Surroundings { emulator, sql, .. } = &self.surroundings;
        let (rows, calls) = (ledger::plan_rows(sql).await?, self.calls.by("stat-prep", 0).len());
        let began = Instant::now();
        let outcome = emulator.invoke("stat-prep", &event).await?;
        let took = began.elapsed();
        let added = ledger::added(&rows, &ledger::plan_rows(sql).await?);
        self.wait().await?;
        let wall = began.elapsed();

        let accepted = self.calls.by("stat-prep", calls);
        let prep = Entry {
            event,
            result: record::result(Some(&outcome)),
            received: json!({
                "lambda": {"accepted": accepted.len(), "invocations": accepted},
                "postgresql": added,
            }),
            took,
        };
        show::entry("stat-prep", &prep);
        self.prep.push(prep);
        let analysis = record::analysis_entries(&self.surroundings, self.analysis.len()).await?;
        show::analysis(&analysis);
        self.analysis.extend(analysis);
        self.ensure_ended().await?;
        Ok(wall)
    }

    /// With an unfinished month there is nothing to go on with: the next event would only try again.
    async fn ensure_ended(&self) -> Result<()> {
        if !ledger::is_there(&self.surroundings.sql).await? {
            self.show_errors();
            bail!("stat-prep did not plan a month: see what it answered");
        }
        let months = ledger::status(&self.surroundings.sql).await?;
        if let Some(month) = months.iter().find(|month| month.state != "done") {
            self.show_errors();
            let Status {
                period,
                state,
                tasks,
                tasks_done,
                buildings_failed,
                ..
            } = month;
            bail!(
                "nobody works on {period} any more, but it is {state}: {tasks_done} of {tasks} tasks are done and \
                 {buildings_failed} buildings failed"
            );
        }
        Ok(())
    }

    /// Until no invocation is under way; shows how far the month is.
    async fn wait(&self) -> Result<()> {
        let mut progress = Progress::new();
        let (mut last, mut last_change) = (None, Instant::now());
        while let Err(busy) = self.surroundings.emulator.idle(LOOK_EVERY).await {
            let newest = ledger::status(&self.surroundings.sql).await?;
            let Some(month) = newest.iter().find(|month| month.state != "done") else {
                continue;
            };
            let Status {
                period,
                tasks,
                tasks_done,
                buildings,
                buildings_done,
                documents,
                ..
            } = month;
            progress.update(&format!(
                "{period}: {tasks_done}/{tasks} tasks, {}/{} buildings, {} texts{}",
                grouped(buildings_done),
                grouped(buildings),
                grouped(documents),
                if tasks_done == tasks {
                    "; the report is being written"
                } else {
                    ""
                }
            ));
            let far = (*tasks_done, *buildings_done);
            if last.replace(far) != Some(far) {
                last_change = Instant::now();
            } else if last_change.elapsed() > STUCK_AFTER {
                return Err(busy);
            }
        }
        Ok(())
    }

    /// Of the month that was computed last.
    fn run_id(&self) -> Result<Uuid> {
        let result = &self.prep.last().context("no event was sent")?.result;
        let id = result["run_id"]
            .as_str()
            .with_context(|| format!("stat-prep named no run: {result}"))?;
        id.parse()
            .with_context(|| format!("the run's id {id:?} is no UUID"))
    }

    async fn evidence(&self, month: Month, run_id: Uuid, status: Vec<Status>) -> Result<Evidence<'_>> {
        let surroundings = &self.surroundings;
        let csv = surroundings
            .report(&format!("{}.csv", month.first.last_of_month()))
            .await?;
        let html = surroundings
            .report(&format!("{}.html", month.first.last_of_month()))
            .await?;
        let mut objects = Vec::new();
        for key in surroundings.moto.objects(&surroundings.bucket).await? {
            let content = surroundings.moto.object(&surroundings.bucket, &key).await?;
            objects.push((key, content.unwrap_or_default()));
        }
        let mails = surroundings.topic.mails().await?;
        let logs = ["stat-prep", "stat-analysis"].map(|name| surroundings.emulator.logs(name));
        Ok(Evidence {
            tenant: &self.tenant,
            password: self.password.as_deref(),
            texts: self.tenant.texts_of(month),
            period: month.id(),
            run_id,
            keywords: ledger::run_rows(&surroundings.sql, "stat_keyword", run_id).await?,
            status,
            csv,
            page: page::open(&html).await,
            html,
            objects,
            mails,
            logs: logs.concat(),
            prep: &self.prep,
            analysis: &self.analysis,
            attempts: surroundings.emulator.invocations(),
            dead_letters: surroundings.emulator.dead_letters(),
        })
    }

    /// What the functions have to say about what went wrong.
    fn show_errors(&self) {
        heading("What the functions say");
        for name in ["stat-prep", "stat-analysis"] {
            let logs = self.surroundings.emulator.logs(name);
            let says = |entry: &&String| {
                ["ERROR", "WARN", "panicked"]
                    .iter()
                    .any(|word| entry.contains(word))
            };
            for entry in logs.iter().filter(says).take(5) {
                labelled(name, entry);
            }
        }
    }
}

/// Deploys both functions. The database's password is in Secrets Manager, as RDS keeps it; where the server
/// is not ours, its URL is used as it is.
async fn deploy(servers: &Servers, surroundings: &Surroundings, few_texts: bool) -> Result<Option<String>> {
    let password = match servers.postgres.pid().await {
        Some(_) => Some(keep_password(servers, surroundings).await?),
        None => None,
    };
    for mut function in [surroundings.stat_prep(), surroundings.stat_analysis()] {
        if password.is_some() {
            let without_credentials = surroundings.database_url.replacen("postgres@", "", 1);
            function = function
                .variable("DATABASE_URL", without_credentials)
                .variable("DATABASE_CREDENTIALS_SECRET", SECRET);
        }
        if few_texts && function.name == "stat-prep" {
            function = function.variable("STAT_TEXTS_PER_TASK", DEMO_TEXTS_PER_TASK);
        }
        surroundings.emulator.deploy(function);
    }
    Ok(password)
}

async fn keep_password(servers: &Servers, surroundings: &Surroundings) -> Result<String> {
    let password = Uuid::new_v4().simple().to_string();
    servers.postgres.create_role("nightshift", &password).await?;
    let secret = json!({"username": "nightshift", "password": password});
    surroundings.moto.put_secret(SECRET, &secret.to_string()).await?;
    Ok(password)
}
