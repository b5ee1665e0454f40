//! Surroundings for functions that somebody else runs, such as `cargo lambda watch`.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use local_stack::process::{Process, Spec};
use rustix::process::Signal;

use super::{api::Api, api_logs, builds, calendar::Month, screen, stage::Servers, tenant, uploads};

/// How long a command may take to end after Ctrl-C.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Fills a database with the demo's texts for the month that the events in `events/stat-prep` name, prints
/// the variables, and runs the command until it ends.
pub async fn serve(servers: &Servers, lambda: &str, command: &[String]) -> Result<ExitCode> {
    let event = local_stack::event("stat-prep", "period");
    let month = Month::parse(event["period"].as_str().unwrap_or_default())?;
    let surroundings = servers.month().await?;
    tenant::fill_with_demo(&surroundings.sql, month).await?;

    let mut variables: BTreeMap<String, String> = surroundings.stat_prep().environment;
    variables.extend(surroundings.stat_analysis().environment);
    let teamcity = uploads::teamcity().await?;
    variables.extend(uploads::variables(&teamcity));
    Api::make(&servers.moto).await?;
    variables.extend(api_logs::variables());
    let builds = builds::Surroundings::make(&servers.moto).await?;
    variables.extend(builds.variables());
    variables.insert("AWS_ENDPOINT_URL_LAMBDA".to_owned(), lambda.to_owned());
    screen::heading(format!(
        "The demo's texts are in {} and {}. The functions get:",
        month.before().id(),
        month.id()
    ));
    for (name, value) in &variables {
        screen::line(format!("  export {name}={value}"));
    }
    screen::line("");

    let Some((program, arguments)) = command.split_first() else {
        return std::future::pending().await;
    };
    let mut environment: BTreeMap<String, String> = std::env::vars().collect();
    environment.extend(variables);
    // `env` finds the program on the path.
    let process = Spec::new("/usr/bin/env")
        .arg(program)
        .args(arguments)
        .environment(environment)
        .orphan_signal("INT")
        .spawn(screen::line)
        .with_context(|| format!("could not run {program}"))?;
    let child = Child(process);
    let status = child.0.ended().await;
    Ok(ExitCode::from(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    ))
}

/// Asked to end as by Ctrl-C, so that it ends what it started itself in process groups that we do not know.
struct Child(Process);

impl Drop for Child {
    fn drop(&mut self) {
        self.0.signal(Signal::INT);
        let began = Instant::now();
        while self.0.is_running() && began.elapsed() < ENDS_WITHIN {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
