#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are arguments in the functions; this program is the world around them"
)]

mod arguments;
mod functions;
mod invocation_record;
mod month;
mod output;
mod output_folder;
mod serve;
mod servers;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use arguments::Arguments;
use clap::Parser;
use servers::Servers;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let outcome = runtime.block_on(run(&arguments));
        // Does not wait for a cargo that still builds: the terminal's Ctrl-C has reached it as well.
        runtime.shutdown_background();
        outcome
    });
    outcome.unwrap_or_else(|error| {
        writeln!(std::io::stderr(), "demo: {error:#}").ok();
        ExitCode::FAILURE
    })
}

/// Starts the servers, runs the chosen mode and stops the servers, also after a signal.
async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut signals = StopSignals::listen()?;
    let servers = tokio::select! {
        servers = Servers::start() => servers?,
        code = signals.received() => return Ok(code),
    };
    let outcome = tokio::select! {
        outcome = run_on(&servers, arguments) => outcome,
        code = signals.received() => Ok(code),
    };
    servers.stop().await?;
    outcome
}

async fn run_on(servers: &Servers, arguments: &Arguments) -> Result<ExitCode> {
    match arguments.serve {
        true => serve::run(servers, &arguments.lambda, &arguments.command).await,
        false => month::run(servers, arguments.texts.as_deref()).await,
    }
}

/// Signals that end the program in an orderly way.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal and returns the exit code by which shells report it.
    async fn received(&mut self) -> ExitCode {
        let (name, number) = tokio::select! {
            _ = self.interrupt.recv() => ("SIGINT", 2),
            _ = self.terminate.recv() => ("SIGTERM", 15),
            _ = self.hang_up.recv() => ("SIGHUP", 1),
        };
        output::line(format!("\nstopping the servers after {name}"));
        ExitCode::from(128 + number)
    }
}
