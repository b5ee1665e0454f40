//! `--serve`: the servers and variables for functions that another program runs, such as `cargo lambda watch`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::ToSpan;
use local_stack::process::{Process, Spec};
use local_stack::{MonthStack, event};
use rustix::process::Signal;

use crate::functions::codebuild_slack::BuildWorld;
use crate::functions::rest_api::RestApi;
use crate::functions::{apigw_log_retention, s3_to_teamcity};
use crate::month::month_id;
use crate::month::source_tables::SourceTables;
use crate::output::{heading, line};
use crate::servers::Servers;

/// Time that the command gets to end after SIGINT.
const GRACE: Duration = Duration::from_secs(10);

/// Loads the demo's texts for the month of `events/stat-prep/period.json`, prints the variables, and runs the
/// command until it ends.
pub(crate) async fn run(servers: &Servers, lambda: &str, command: &[String]) -> Result<ExitCode> {
    let event = event("stat-prep", "period");
    let period = event["period"].as_str().unwrap_or_default();
    let month = format!("{period}-01").parse();
    let month =
        month.with_context(|| format!("period {period:?} of the event is not a month such as 2026-10"))?;
    let stack = MonthStack::new(&servers.postgres, &servers.moto).await?;
    SourceTables::load_demo(&stack.sql, month).await?;

    let teamcity = s3_to_teamcity::start_teamcity().await?;
    RestApi::create(&servers.moto).await?;
    let builds = BuildWorld::start(&servers.moto).await?;
    let mut variables: BTreeMap<String, String> = stack.stat_prep().environment;
    variables.extend(stack.stat_analysis().environment);
    variables.extend(s3_to_teamcity::variables(&teamcity));
    variables.extend(apigw_log_retention::variables());
    variables.extend(builds.variables());
    variables.insert("AWS_ENDPOINT_URL_LAMBDA".to_owned(), lambda.to_owned());
    heading(format!(
        "Loaded the demo's texts for {} and {}. Variables of the functions:",
        month_id(month - 1.month()),
        month_id(month)
    ));
    for (name, value) in &variables {
        line(format!("  export {name}={value}"));
    }
    line("");
    match command.split_first() {
        Some((program, arguments)) => run_command(program, arguments, variables).await,
        None => std::future::pending().await,
    }
}

async fn run_command(
    program: &str,
    arguments: &[String],
    variables: BTreeMap<String, String>,
) -> Result<ExitCode> {
    let mut environment: BTreeMap<String, String> = std::env::vars().collect();
    environment.extend(variables);
    // `env` finds the program on the PATH.
    let process = Spec::new("/usr/bin/env")
        .arg(program)
        .args(arguments)
        .environment(environment)
        .orphan_signal("INT")
        .spawn(line)
        .with_context(|| format!("could not run {program}"))?;
    let command = Command(process);
    let code = command.0.ended().await.code();
    Ok(ExitCode::from(
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
    ))
}

/// A running command. Dropping it sends SIGINT, as Ctrl-C does, so that the command can end the functions that it
/// started in process groups of their own.
struct Command(Process);

impl Drop for Command {
    fn drop(&mut self) {
        self.0.signal(Signal::INT);
        let began = Instant::now();
        while self.0.is_running() && began.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
