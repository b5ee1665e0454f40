//! Handles an event: opens or finds the month's run, and invokes its tasks.

mod checks;
mod month;
mod resume;

use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use lambda_core::check::Check;
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::Invoker;
use lambda_core::metrics::{self, Unit};
use lambda_core::run::{ErrorType, Handler};
use lambda_core::variables::Variables;
use lambda_core::{aws, clock};
use month::MonthNotEnded;
use postgres_session::{Database, Session};
use resume::ResumeIncomplete;
use serde_json::Value;
use stat_ledger::migrations;
use stat_ledger::rights::{Rights, is_missing_right};
use stat_ledger::run::{self, Run};
use stat_ledger::task_event::TaskEvent;

use crate::adapters::postgres::RepeatedTexts;
use crate::adapters::sns::WarningsTopic;
use crate::config::Config;
use crate::event::Event;
use crate::function_response::FunctionResponse;
use crate::resume_schedule;

/// The function, built at cold start.
pub struct StatPrep {
    config: Config,
    database: Database,
    invoker: Invoker,
    warnings: Option<WarningsTopic>,
}

impl Handler for StatPrep {
    type Event = Value;
    type Response = FunctionResponse;

    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<MonthNotEnded>("MonthNotEnded"),
        ErrorType::of::<RepeatedTexts>("RepeatedTexts"),
        ErrorType::of::<TasksNotHandedOut>("TasksNotHandedOut"),
        ErrorType::of::<ResumeIncomplete>("ResumeIncomplete"),
        ErrorType::of::<tokio_postgres::Error>("DatabaseError"),
        ErrorType::any("StatPrepError"),
    ];

    /// Opens or finds the month's run and invokes `stat-analysis` for every unclaimed task.
    ///
    /// Everything that may succeed later is an error, so that AWS tries again: the plan is committed by
    /// then, and the next attempt continues with it. An event that can never succeed is an error too: a
    /// person wrote it by hand and waits for a response.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<FunctionResponse> {
        let event = Event::parse(&event)?;
        if let Event::Resume(Some(time)) = event
            && !resume_schedule::connects(time, &self.config.time_zone)
        {
            return Ok(resume::skip(&invocation));
        }
        let mut session = self.database.session().await?;
        migrate(&mut session).await?;
        match event {
            Event::Month(request) => self.start_month(&mut session, &request, &invocation).await,
            Event::Resume(_) => self.resume(&mut session, &invocation).await,
        }
    }

    async fn checks(&self, _invocation: &Invocation) -> Vec<Check> {
        // Boxed: the compiler limits how deeply futures are nested.
        Box::pin(self.make_checks(clock::now())).await
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }
}

impl StatPrep {
    /// Reads the configuration and builds the clients.
    ///
    /// # Errors
    /// When a variable is missing or malformed.
    pub async fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        let sdk = aws::sdk_config().await;
        let topic = config.warnings_topic.clone();
        Ok(Self {
            database: Database::new(config.database.clone(), &sdk),
            invoker: Invoker::new(&sdk),
            warnings: topic.map(|arn| WarningsTopic::new(&sdk, arn)),
            config,
        })
    }
}

/// Migrates the database. An error for a missing right comes with the statement that grants it.
async fn migrate(session: &mut Session) -> anyhow::Result<()> {
    let Err(error) = migrations::migrate(session).await else {
        return Ok(());
    };
    if !is_missing_right(&error) {
        return Err(error);
    }
    let transaction = session.begin().await?;
    let rights = Rights::read(&transaction).await;
    match rights
        .context("could not read the role's rights")?
        .missing_grant()
    {
        Some(grant) => Err(error.context(grant)),
        None => Err(error),
    }
}

/// Number of concurrent calls of Lambda.
const CONCURRENT_INVOCATIONS: usize = 8;

/// Error of tasks that Lambda did not accept. They stay queued, for AWS's retry of this event or for a
/// resume.
#[derive(Debug, thiserror::Error)]
#[error("could not invoke {} of {unclaimed} tasks: {}", .errors.len(), .errors.join("; "))]
struct TasksNotHandedOut {
    unclaimed: usize,
    errors: Vec<String>,
}

impl StatPrep {
    /// Invokes `stat-analysis` for every unclaimed task of the run. Returns how many Lambda accepted.
    async fn invoke_unclaimed_tasks(
        &self,
        session: &mut Session,
        run: &Run,
        invocation: &Invocation,
    ) -> anyhow::Result<usize> {
        if !run.state.is_open() {
            return Ok(0);
        }
        let transaction = session.begin().await?;
        let tasks = run::unclaimed_tasks(&transaction, run.id).await?;
        transaction
            .rollback()
            .await
            .context("could not end the transaction that reads the unclaimed tasks")?;
        let calls = stream::iter(&tasks).map(|task| self.invoke_task(run, *task, invocation.deadline));
        let outcomes: Vec<anyhow::Result<()>> =
            calls.buffer_unordered(CONCURRENT_INVOCATIONS).collect().await;
        let errors: Vec<String> = outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .map(|error| format!("{error:#}"))
            .collect();
        if !errors.is_empty() {
            let count = errors.len() as f64;
            metrics::emit(
                &invocation.function_name,
                &[("TasksNotHandedOut", count, Unit::Count)],
            );
            let unclaimed = tasks.len();
            return Err(TasksNotHandedOut { unclaimed, errors }.into());
        }
        tracing::info!(
            run.id = %run.id,
            invoked = tasks.len(),
            "invoked stat-analysis for {} tasks of run {}",
            tasks.len(),
            run.id
        );
        Ok(tasks.len())
    }

    async fn invoke_task(&self, run: &Run, task: i32, deadline: Deadline) -> anyhow::Result<()> {
        let function = self.config.analysis_functions.for_task(task);
        let event = TaskEvent::new(run.id, task).to_json();
        self.invoker
            .invoke_event(function, &event, deadline)
            .await
            .with_context(|| format!("task {task}"))
    }
}
