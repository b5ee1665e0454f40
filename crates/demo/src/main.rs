//! The suite at work on this computer: a month's statistics, from the schedule's event to the report's mail.

#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are kept out of the functions; this is the world around them"
)]

mod api;
mod api_logs;
mod arguments;
mod builds;
mod calendar;
mod checks;
mod figures;
mod ledger;
mod page;
mod personal_data;
mod progress;
mod record;
mod rehearsal;
mod report;
mod requests;
mod scene;
mod screen;
mod serve;
mod show;
mod stage;
mod tenant;
mod texts;
mod uploads;

use std::process::ExitCode;

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};

use arguments::Mode;
use stage::Servers;

fn main() -> ExitCode {
    let mode = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(mode) => mode,
        Err(error) => {
            screen::error(&error);
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen::error(&error.into());
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(perform(mode));
    // A cargo that is still building must not keep us: it ends with its own Ctrl-C.
    runtime.shutdown_background();
    code
}

async fn perform(mode: Mode) -> ExitCode {
    let outcome = match Interruption::watch() {
        Ok(mut interruption) => until_interrupted(mode, &mut interruption).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            screen::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Whatever happens, a signal included, the servers are stopped in an orderly way.
async fn until_interrupted(mode: Mode, interruption: &mut Interruption) -> Result<ExitCode> {
    if let Mode::Help = mode {
        screen::line(arguments::HELP.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let servers = tokio::select! {
        servers = Servers::start() => servers?,
        code = interruption.comes() => return Ok(code),
    };
    let outcome = tokio::select! {
        outcome = act(mode, &servers) => outcome,
        code = interruption.comes() => Ok(code),
    };
    servers.stop().await?;
    outcome
}

async fn act(mode: Mode, servers: &Servers) -> Result<ExitCode> {
    match mode {
        Mode::Help => Ok(ExitCode::SUCCESS),
        Mode::Demo { texts } => rehearsal::perform(servers, texts.as_deref()).await,
        Mode::Serve { lambda, command } => serve::serve(servers, &lambda, &command).await,
    }
}

/// Ctrl-C, and what else asks a process to end.
struct Interruption {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Interruption {
    fn watch() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The exit code by which shells know the signal.
    async fn comes(&mut self) -> ExitCode {
        let number = tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
            _ = self.hang_up.recv() => 1,
        };
        screen::line("\nstopping");
        ExitCode::from(128 + number)
    }
}
