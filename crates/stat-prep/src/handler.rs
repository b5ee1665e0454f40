//! From the event to the month's work, handed out.

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::Invoker;
use lambda_core::metrics::{self, Unit};
use lambda_core::run::Handler;
use lambda_core::variables::Variables;
use lambda_core::{aws, clock};
use serde_json::Value;
use stat_ledger::analysis_functions::task_event;
use stat_ledger::database::Database;
use stat_ledger::migrations;
use stat_ledger::period::Period;
use stat_ledger::run::{self, NewRun, Run};
use std::time::Duration;
use tokio_postgres::{Client, Transaction};

use crate::adapters::postgres;
use crate::adapters::sns::WarningsTopic;
use crate::answer::{Answer, BuildingChanges, MonthAnswer};
use crate::config::Config;
use crate::decision::{Decision, decide};
use crate::event::{Event, Month, Scope};
use crate::plan::{BuildingLoad, plan};
use crate::warning;

/// How many invocations are under way at once.
const AT_ONCE: usize = 8;

/// Built at cold start.
pub struct StatPrep {
    config: Config,
    database: Database,
    invoker: Invoker,
    warnings: Option<WarningsTopic>,
}

/// A month of which texts may still come.
#[derive(Debug, thiserror::Error)]
#[error("{period} has not ended yet in {zone}: its statistics would be incomplete")]
pub struct MonthNotEnded {
    period: Period,
    zone: String,
}

/// Tasks that Lambda did not accept. They stay queued, for AWS's retry of this event or for a resume.
#[derive(Debug, thiserror::Error)]
#[error("{} of {idle} tasks could not be handed out: {}", .refused.len(), .refused.join("; "))]
pub struct TasksNotHandedOut {
    idle: usize,
    refused: Vec<String>,
}

/// A resume of which a part failed; the rest was done.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ResumeIncomplete(Vec<String>);

impl StatPrep {
    /// Reads the configuration and makes the clients.
    ///
    /// # Errors
    /// For a wrong configuration.
    pub async fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        let sdk = aws::sdk_config().await;
        Ok(Self {
            database: Database::new(config.database.clone(), &sdk),
            invoker: Invoker::new(&sdk),
            warnings: config
                .warnings_topic
                .clone()
                .map(|arn| WarningsTopic::new(&sdk, arn)),
            config,
        })
    }

    /// Opens or finds the month's run, in one transaction under the period's lock, and hands out its tasks.
    async fn month(
        &self,
        client: &mut Client,
        month: &Month,
        invocation: &Invocation,
    ) -> anyhow::Result<MonthAnswer> {
        let zone = &self.config.time_zone;
        let period = month.period(zone)?;
        if !period.has_ended(clock::now(), zone) {
            let zone = zone.iana_name().unwrap_or("STAT_TIME_ZONE").to_owned();
            return Err(MonthNotEnded { period, zone }.into());
        }
        let transaction = client
            .transaction()
            .await
            .context("could not begin a transaction")?;
        let (run, changes) = self
            .find_or_open(&transaction, period, month, &invocation.request_id)
            .await?;
        transaction.commit().await.context("could not commit the plan")?;
        let invoked = self.hand_out(client, &run, invocation).await?;
        Ok(MonthAnswer::new(&run, changes, invoked))
    }

    async fn find_or_open(
        &self,
        transaction: &Transaction<'_>,
        period: Period,
        month: &Month,
        request_id: &str,
    ) -> anyhow::Result<(Run, BuildingChanges)> {
        // A plain event that finds a run changes nothing, and need not wait for the tasks' share locks.
        if month.scope == Scope::Missing
            && let Some(run) = run::current(transaction, period).await?
        {
            return Ok((run, BuildingChanges::default()));
        }
        let current = match run::lock_period(transaction, period).await? {
            Some(id) => Some(run::get(transaction, id).await?),
            None => None,
        };
        let request_run = run::find_by_request(transaction, period, request_id).await?;
        match (
            decide(month.scope, current.as_ref(), request_run.is_some()),
            current,
        ) {
            (Decision::Keep, Some(run)) => Ok((run, BuildingChanges::default())),
            (Decision::Correct, Some(partial)) => {
                self.open(transaction, period, month, request_id, Some(&partial))
                    .await
            }
            (Decision::Open, current) => {
                if let Some(given_up) = current.filter(|run| run.state.is_open()) {
                    tracing::warn!(
                        "giving up the open run {} of {period}, since another one is forced",
                        given_up.id
                    );
                    run::give_up(transaction, given_up.id).await?;
                }
                self.open(transaction, period, month, request_id, None).await
            }
            _ => bail!("{period} has no run yet, so none of its buildings can have failed"),
        }
    }

    async fn open(
        &self,
        transaction: &Transaction<'_>,
        period: Period,
        month: &Month,
        request_id: &str,
        corrects: Option<&Run>,
    ) -> anyhow::Result<(Run, BuildingChanges)> {
        postgres::check_sources(transaction).await?;
        let changes = postgres::synchronise_buildings(transaction).await?;
        let (starts_at, ends_at) = match corrects {
            Some(run) => (run.starts_at, run.ends_at),
            None => period
                .instants(&self.config.time_zone)
                .context("could not find the period's instants")?,
        };
        let mut texts = postgres::period_texts(transaction, period, starts_at, ends_at).await?;
        if let Some(partial) = corrects {
            // What it left out is left out of the corrected report as well, and named there again.
            texts.unknown_texts = partial.unknown_texts;
            texts.unknown_buildings.clone_from(&partial.unknown_buildings);
            let failed = run::failed_buildings(transaction, partial.id).await?;
            texts
                .buildings
                .retain(|building| failed.contains(&building.building_id));
            add_missing(&mut texts.buildings, failed);
        }
        if texts.unknown_texts > 0 {
            tracing::warn!(
                texts = texts.unknown_texts,
                "texts of {period} belong to buildings that stat_source_building does not have: {}",
                texts.unknown_buildings.join(", ")
            );
        }
        let new = NewRun {
            period,
            request_id,
            mail: month.mail,
            starts_at,
            ends_at,
            tasks: &plan(texts.buildings, self.config.texts_per_task),
            unknown_texts: texts.unknown_texts,
            unknown_buildings: &texts.unknown_buildings,
            corrects,
        };
        let run = run::open(transaction, &new).await?;
        tracing::info!(run_id = %run.id, tasks = run.tasks, "opened run {} for {period} with {} tasks", run.id, run.tasks);
        Ok((run, changes))
    }

    /// Hands out every task of the run that nobody works on. Returns how many Lambda accepted.
    async fn hand_out(&self, client: &Client, run: &Run, invocation: &Invocation) -> anyhow::Result<usize> {
        if !run.state.is_open() {
            return Ok(0);
        }
        let idle = run::idle_tasks(client, run.id).await?;
        let handed_out = stream::iter(&idle).map(|task| self.hand_out_task(run, *task, invocation.deadline));
        let outcomes: Vec<anyhow::Result<()>> = handed_out.buffer_unordered(AT_ONCE).collect().await;
        let refused: Vec<String> = outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .map(|error| format!("{error:#}"))
            .collect();
        if !refused.is_empty() {
            let count = refused.len() as f64;
            metrics::emit(
                &invocation.function_name,
                &[("TasksNotHandedOut", count, Unit::Count)],
            );
            return Err(TasksNotHandedOut {
                idle: idle.len(),
                refused,
            }
            .into());
        }
        Ok(idle.len())
    }

    async fn hand_out_task(&self, run: &Run, task: i32, deadline: Deadline) -> anyhow::Result<()> {
        let function = self.config.analysis_functions.of_task(task);
        let event = task_event(run.id, task);
        self.invoker
            .hand_out(function, &event, deadline)
            .await
            .with_context(|| format!("task {task}"))
    }

    /// Hands out the idle tasks of every open run; one that fails does not keep the others from it.
    async fn resume(&self, client: &mut Client, invocation: &Invocation) -> anyhow::Result<Answer> {
        let mut resumed = Vec::new();
        let mut errors = Vec::new();
        for run in run::open_runs(client).await? {
            match self.hand_out(client, &run, invocation).await {
                Ok(invoked) => resumed.push(MonthAnswer::new(&run, BuildingChanges::default(), invoked)),
                Err(error) => errors.push(format!("run {} of {}: {error:#}", run.id, run.period)),
            }
        }
        let overdue = run::count_overdue(client, warning::LIMIT).await?;
        metrics::emit(
            &invocation.function_name,
            &[("MonthUnfinished", overdue as f64, Unit::Count)],
        );
        if let Err(error) = self.warn(client).await {
            errors.push(format!("{error:#}"));
        }
        if errors.is_empty() {
            return Ok(Answer::Resume { resumed });
        }
        Err(ResumeIncomplete(errors).into())
    }

    /// Warns of each overdue run once: each in a transaction of its own, so that a warning that fails does
    /// not make the ones before it forgotten.
    async fn warn(&self, client: &mut Client) -> anyhow::Result<()> {
        loop {
            let transaction = client
                .transaction()
                .await
                .context("could not begin a transaction")?;
            let Some(run) = run::next_overdue(&transaction, warning::LIMIT).await? else {
                return Ok(());
            };
            tracing::warn!(
                "run {} of {} has been open for more than 5 hours",
                run.id,
                run.period
            );
            if let Some(topic) = &self.warnings {
                let (subject, text) = warning::render(&run);
                let warned = topic.publish(&subject, &text).await;
                warned.with_context(|| format!("could not warn of run {}", run.id))?;
            }
            run::set_warned(&transaction, run.id).await?;
            transaction
                .commit()
                .await
                .context("could not commit the warning")?;
        }
    }
}

/// A failed building that has no texts any more and is closed still has to get its (empty) result.
fn add_missing(buildings: &mut Vec<BuildingLoad>, failed: Vec<String>) {
    for building_id in failed {
        if !buildings
            .iter()
            .any(|building| building.building_id == building_id)
        {
            buildings.push(BuildingLoad {
                building_id,
                texts: 0,
            });
        }
    }
}

impl Handler for StatPrep {
    type Answer = Answer;

    /// Brings the month's run to the point where every task is somebody's.
    ///
    /// Everything that may succeed later is an error, so that AWS tries again: what was planned is
    /// committed by then, and the next attempt goes on from there. An event that can never succeed is an
    /// error as well: somebody wrote it by hand and waits for an answer.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Answer> {
        let event = Event::parse(&event)?;
        let mut client = self.database.connect().await?;
        migrations::migrate(&mut client).await?;
        match event {
            Event::Resume => self.resume(&mut client, &invocation).await,
            Event::Month(month) => Ok(Answer::Month(self.month(&mut client, &month, &invocation).await?)),
        }
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }

    fn error_type(error: &anyhow::Error) -> &'static str {
        if error.is::<MonthNotEnded>() {
            "MonthNotEnded"
        } else if error.is::<TasksNotHandedOut>() {
            "TasksNotHandedOut"
        } else if error.is::<ResumeIncomplete>() {
            "ResumeIncomplete"
        } else if error.chain().any(|cause| cause.is::<tokio_postgres::Error>()) {
            "DatabaseError"
        } else {
            "StatPrepError"
        }
    }
}
