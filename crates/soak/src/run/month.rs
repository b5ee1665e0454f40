//! The month: `stat-prep` and `stat-analysis` compute it, and send its report.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use local_stack::lambda::{InvokeCall, Refusal};
use local_stack::postgres::connect;
use local_stack::{
    Decision, FaultProxy, Function, Match, MonthResults, MonthStack, Moto, Outcome, PgBouncer,
    PostgresServer, event,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::canary;
use crate::check;
use crate::disturbance::{self, Side};
use crate::part::Part;
use crate::plan::{BUILDINGS, CallFault, Kill, Manner, MonthPlan, TEXTS_PER_BUILDING};
use crate::tally::{KILLED_RESPONSE, Tally};

const PREP: &str = "stat-prep";
const ANALYSIS: &str = "stat-analysis";
const ROLE: &str = "nightshift";
/// Texts of a task: the month has ten.
const TEXTS_PER_TASK: usize = BUILDINGS * TEXTS_PER_BUILDING / 10;
const POOL_SIZE: usize = 8;
/// Longest number of times that an operator resumes a month.
const RESUMES: usize = 12;
/// Delay after a resume that stat-prep could not carry out.
const RETRY_DELAY: Duration = Duration::from_secs(2);
/// Resumes during which the faults of S3 and SNS go on.
const FAULTY_RESUMES: usize = 2;
/// Texts of the demo, from which those of the month are made.
const TEXTS: &str = include_str!("../../../demo/data/texts.tsv");

/// Database, pooler and AWS of one month.
pub(crate) struct MonthRun {
    pub stack: MonthStack,
    /// S3 and SNS, with faults.
    pub aws: FaultProxy,
    postgres: PostgresServer,
    pooler: Option<PgBouncer>,
    scripts: TempDir,
}

/// Returns the results of a run without disturbances.
pub(crate) async fn clean(moto: &Moto) -> Result<MonthResults> {
    let run = MonthRun::new(&MonthPlan::quiet(), moto).await?;
    run.deploy(false)?;
    run.stack.run(&schedule(Manner::Once)).await?;
    let results = MonthResults::read(&run.stack).await?;
    run.end().await?;
    Ok(results)
}

pub(crate) async fn run(plan: &MonthPlan, moto: &Moto, clean: &MonthResults) -> Result<Part> {
    let mut run = MonthRun::new(plan, moto).await?;
    run.deploy(plan.is_tmp_full)?;
    let part = run.disturb(plan, clean).await;
    run.end().await?;
    part
}

/// Event of the schedule, on the 1st in Seoul.
fn schedule(manner: Manner) -> Value {
    let mut event = event(PREP, "scheduled-rule");
    event["detail"]["unknown"] = json!(canary::EVENT);
    event["time"] = match manner {
        Manner::ClockADayLate => json!("2026-11-01T16:00:00Z"),
        _ => json!("2026-10-31T16:00:00Z"),
    };
    event
}

impl MonthRun {
    async fn new(plan: &MonthPlan, moto: &Moto) -> Result<Self> {
        let postgres = PostgresServer::start_own().await?;
        postgres.create_role(ROLE, canary::DATABASE_PASSWORD).await?;
        let mut stack = MonthStack::new(&postgres, moto).await?;
        fill(&stack).await?;
        let database = stack
            .database_url
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let pooler = match plan.is_pooled && PgBouncer::program().is_some() {
            true => Some(PgBouncer::start(&stack.database_url, POOL_SIZE).await?),
            false => None,
        };
        stack.functions_database_url = match &pooler {
            Some(pooler) => pooler.url(&database),
            None => postgres.url_as(ROLE, canary::DATABASE_PASSWORD, &database),
        };
        Ok(Self {
            aws: FaultProxy::start(moto.endpoint()).await?,
            stack,
            postgres,
            pooler,
            scripts: tempfile::tempdir()?,
        })
    }

    /// Deploys both functions. With a full `/tmp`, `stat-analysis` cannot write a file.
    fn deploy(&self, is_tmp_full: bool) -> Result<()> {
        let patient = |mut function: Function| {
            function.concurrency = 4;
            function
                .environment
                .insert("AWS_ENDPOINT_URL".to_owned(), self.aws.endpoint());
            function.variable("UNKNOWN_PASSWORD", canary::VARIABLE)
        };
        let prep = self.stack.stat_prep();
        let prep = prep.variable("STAT_TEXTS_PER_TASK", TEXTS_PER_TASK.to_string());
        let mut analysis = patient(self.stack.stat_analysis());
        if is_tmp_full {
            analysis.binary = without_files(self.scripts.path(), &analysis.binary)?;
        }
        self.stack.emulator.deploy(patient(prep));
        self.stack.emulator.deploy(analysis);
        Ok(())
    }

    async fn disturb(&mut self, plan: &MonthPlan, clean: &MonthResults) -> Result<Part> {
        let mut part = Part::default();
        let emulator = &self.stack.emulator;
        disturbance::inject(
            &self.aws.faults,
            Side::AwsXml,
            &plan.answers,
            Duration::from_millis(300),
        );
        emulator.kill_at_responses(ANALYSIS, plan.killed_responses.iter().copied());
        let calls = plan.calls.clone();
        emulator.on_invoke(move |call| decision(&calls, call));
        let began = Instant::now();
        let (sent, prep_killed, analysis_killed, cuts, restarts) = tokio::join!(
            self.send_schedule(plan.schedule),
            disturbance::kill(emulator, PREP, &plan.prep_kills, began, async |_| {}),
            disturbance::kill(emulator, ANALYSIS, &plan.analysis_kills, began, async |_| {}),
            self.cut_connections(&plan.cuts, began),
            self.restart(&plan.restarts_ms, began),
        );
        sent?;
        part.tally.add("PostgreSQL", "connection cut", cuts);
        part.tally
            .add("PostgreSQL", "server crashed and restarted", restarts?);
        part.tally.add_kills(PREP, &prep_killed);
        part.tally.add_kills(ANALYSIS, &analysis_killed);
        let resumes = self.settle(plan).await?;
        self.count_disturbances(plan, &mut part.tally);
        part.tally.add(PREP, "month resumed", resumes);
        part.tally.add_answers("S3, SNS", &self.aws.faults);
        self.collect_outputs(&mut part).await?;
        part.checks.extend(check::month::check(self, clean).await);
        Ok(part)
    }

    fn count_disturbances(&self, plan: &MonthPlan, tally: &mut Tally) {
        let responses = self.stack.emulator.killed_responses_of(ANALYSIS);
        tally.add(ANALYSIS, KILLED_RESPONSE, responses);
        if let Some(manner) = disturbance::manner(plan.schedule) {
            tally.add(PREP, manner, 1);
        }
        let calls = self.stack.emulator.calls();
        for (number, fault) in &plan.calls {
            tally.add("Lambda", call_fault(*fault), usize::from(*number <= calls));
        }
        tally.add(ANALYSIS, "/tmp full", usize::from(plan.is_tmp_full));
        tally.add(
            "PostgreSQL",
            "behind PgBouncer",
            usize::from(self.pooler.is_some()),
        );
    }

    async fn send_schedule(&self, manner: Manner) -> Result<()> {
        let emulator = &self.stack.emulator;
        emulator.invoke_event(PREP, &schedule(manner))?;
        if let Manner::Twice(after_ms) = manner {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            emulator.invoke_event(PREP, &schedule(manner))?;
        }
        Ok(())
    }

    /// Cuts a connection of the functions at each instant. Returns the number of those that were cut.
    async fn cut_connections(&self, cuts: &[Kill], began: Instant) -> usize {
        let mut cut = 0;
        for Kill { at_ms, pick } in cuts {
            disturbance::wait_until(began, *at_ms).await;
            // PostgreSQL may be down at this instant.
            let Ok(sql) = connect(&self.stack.database_url).await else {
                continue;
            };
            let statement = format!(
                "select pg_terminate_backend(pid) from (
                     select pid, row_number() over (order by pid) - 1 as number, count(*) over () as count
                     from pg_stat_activity
                     where datname = current_database() and pid <> pg_backend_pid() and application_name <> ''
                 ) backends where number = {pick} % count"
            );
            cut += sql.query(&statement, &[]).await.map_or(0, |rows| rows.len());
        }
        cut
    }

    async fn restart(&self, instants_ms: &[u64], began: Instant) -> Result<usize> {
        for at_ms in instants_ms {
            disturbance::wait_until(began, *at_ms).await;
            self.postgres.restart().await?;
        }
        Ok(instants_ms.len())
    }

    /// Ends the disturbances and resumes the month until it is done. Returns the number of resumes.
    async fn settle(&mut self, plan: &MonthPlan) -> Result<usize> {
        self.stack
            .emulator
            .wait_until_idle(disturbance::STUCK_AFTER)
            .await?;
        self.stack.emulator.deliver_all();
        self.stack.sql = connect(&self.stack.database_url).await?;
        if plan.is_tmp_full {
            self.deploy(false)?;
        }
        let mut refusal = None;
        for resumes in 0..RESUMES {
            if self.is_done().await? {
                return Ok(resumes);
            }
            // The report often begins only now: S3 and SNS stay faulty for two resumes.
            if resumes == FAULTY_RESUMES {
                self.aws.faults.clear();
            }
            self.expire_claims().await?;
            let emulator = &self.stack.emulator;
            let resume = match self.has_run().await? {
                true => json!({"resume": true}),
                false => schedule(Manner::Once),
            };
            let outcome = emulator.invoke(PREP, &resume).await?;
            if let Outcome::Error(error) | Outcome::InitFailed(error) = outcome {
                // After a crash of PostgreSQL, PgBouncer refuses clients for 15 s. AWS retries such an event.
                refusal = Some(error);
                tokio::time::sleep(RETRY_DELAY).await;
            }
            emulator.wait_until_idle(disturbance::STUCK_AFTER).await?;
        }
        let tasks = self
            .stack
            .rows("select task, state, attempt from stat_task")
            .await?;
        bail!(
            "the month is not done after {RESUMES} resumes: {tasks:?}, last error of stat-prep: {refusal:?}"
        )
    }

    /// The schedule's event may have been lost before the run was opened.
    async fn has_run(&self) -> Result<bool> {
        let table = self
            .stack
            .rows("select to_regclass('stat_run') is not null as found")
            .await?;
        Ok(table == ["(t)"] && !self.stack.rows("select run_id from stat_run").await?.is_empty())
    }

    async fn is_done(&self) -> Result<bool> {
        if !self.has_run().await? {
            return Ok(false);
        }
        let state = self.stack.rows("select state from stat_run").await?;
        Ok(state == ["(done)"])
    }

    /// Lets the claims of dead environments run out: no invocation runs now.
    async fn expire_claims(&self) -> Result<()> {
        if self.has_run().await? {
            let expired =
                "update stat_task set claimed_until = now() - interval '1 s' where state = 'running'";
            self.stack.sql.batch_execute(expired).await?;
        }
        Ok(())
    }

    async fn collect_outputs(&self, part: &mut Part) -> Result<()> {
        let stack = &self.stack;
        part.add_outputs_of(&stack.emulator, PREP);
        part.add_outputs_of(&stack.emulator, ANALYSIS);
        for key in stack.moto.objects(&stack.bucket).await? {
            let content = stack.moto.object(&stack.bucket, &key).await?.unwrap_or_default();
            let text = match key.ends_with(".xlsx") {
                true => format!("{:?}", local_stack::Workbook::parse(&content)?),
                false => String::from_utf8_lossy(&content).into_owned(),
            };
            part.outputs.add(format!("the report {key}"), text);
        }
        for mail in stack.topic.mails().await? {
            part.outputs.add("the mail", format!("{mail:?}"));
        }
        Ok(())
    }

    async fn end(self) -> Result<()> {
        self.stack.emulator.shutdown().await;
        self.postgres.shutdown().await
    }
}

/// Number of effective and of lost requests to SNS.
pub(crate) fn publish() -> Match {
    Match::containing("Action=Publish")
}

fn decision(calls: &[(usize, CallFault)], call: &InvokeCall) -> Decision {
    let fault = calls.iter().find(|(number, _)| *number == call.number);
    match fault.map(|(_, fault)| fault) {
        None => Decision::Deliver,
        Some(CallFault::DeliveredTwice) => Decision::DeliverTwice,
        Some(CallFault::Dropped) => Decision::Drop,
        Some(CallFault::ResponseLost) => Decision::LoseResponse,
        Some(CallFault::Throttled) => Decision::Refuse(Refusal::Throttled),
        Some(CallFault::ServerError) => Decision::Refuse(Refusal::ServiceError),
        Some(CallFault::Refused) => Decision::Refuse(Refusal::Closed),
    }
}

fn call_fault(fault: CallFault) -> &'static str {
    match fault {
        CallFault::DeliveredTwice => "event delivered twice",
        CallFault::Dropped => "event dropped and resumed",
        CallFault::ResponseLost => "no answer, effect happened",
        CallFault::Throttled => "answer 429",
        CallFault::ServerError => "answer 5xx",
        CallFault::Refused => "no answer, no effect",
    }
}

/// Writes a program that runs `binary` without the right to write files: each write fails, as on a full disk.
fn without_files(folder: &Path, binary: &Path) -> Result<std::path::PathBuf> {
    let path = folder.join("full-tmp");
    let script = format!(
        "#!/bin/sh\ntrap '' XFSZ\nulimit -f 0\nexec '{}'\n",
        binary.display()
    );
    std::fs::write(&path, script).context("could not write the script")?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// Fills the source tables: each building has its own selection of the demo's texts, and personal data.
async fn fill(stack: &MonthStack) -> Result<()> {
    let bodies: Vec<&str> = TEXTS
        .lines()
        .filter_map(|line| line.splitn(3, '\t').nth(2))
        .collect();
    let ids: Vec<String> = (0..BUILDINGS).map(|number| format!("B{number:03}")).collect();
    let names: Vec<String> = (0..BUILDINGS).map(|number| format!("건물 {number:03}")).collect();
    let (mut buildings, mut days, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..BUILDINGS * TEXTS_PER_BUILDING {
        let (building, of_building) = (number / TEXTS_PER_BUILDING, number % TEXTS_PER_BUILDING);
        let body = bodies[(building * 37 + of_building * 11) % bodies.len()];
        buildings.push(ids[building].clone());
        days.push(i32::try_from(of_building)?);
        texts.push(match of_building {
            0 => format!("{body} {} 또는 {} 로 연락주세요", canary::PHONE, canary::MAIL),
            _ => body.to_owned(),
        });
    }
    let statement = "insert into building (id, name) select * from unnest($1::text[], $2::text[])";
    stack.sql.execute(statement, &[&ids, &names]).await?;
    let statement = "insert into message (building_id, written_at, body)
        select building, '2026-10-02T12:00:00+09:00'::timestamptz + make_interval(days => day), body
        from unnest($1::text[], $2::int[], $3::text[]) as source (building, day, body)";
    stack.sql.execute(statement, &[&buildings, &days, &texts]).await?;
    stack.sql.batch_execute("analyze").await?;
    Ok(())
}
