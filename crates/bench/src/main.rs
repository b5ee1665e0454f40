#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are arguments in the functions; this program is the world around them"
)]

mod cold_start;
mod ledger;
mod measurement;
mod share;
mod subject;
mod zip_size;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use indicatif::ProgressBar;
use measurement::{Measurement, STARTS, STARTS_WITH_SHARE};
use share::Share;
use subject::{SUBJECTS, Subject, Surroundings};

/// Measures the functions' programs in target/release beside the smallest function and a Python handler of the same job,
/// against their budgets.
#[derive(Debug, Parser)]
struct Arguments {
    /// Functions to measure; without any, all that are built
    #[arg(value_parser = PossibleValuesParser::new(SUBJECTS.map(|subject| subject.name)))]
    functions: Vec<String>,
    /// Prints the figures as JSON after the table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            writeln!(std::io::stderr(), "bench: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints all chosen functions. Returns whether every one is within its budgets.
fn run(arguments: &Arguments) -> Result<bool> {
    let is_chosen = |subject: &&Subject| match arguments.functions.is_empty() {
        true => program(subject.name).exists(),
        false => arguments.functions.iter().any(|name| name == subject.name),
    };
    let subjects: Vec<&Subject> = SUBJECTS.iter().filter(is_chosen).collect();
    ensure!(
        !subjects.is_empty(),
        "{} has none of the functions' programs: run make bench, which builds them",
        target().join("release").display()
    );
    // Kept alive: the stand-ins run in it.
    let runtime = tokio::runtime::Runtime::new()?;
    let surroundings = runtime.block_on(Surroundings::start())?;
    let progress = ProgressBar::new(subjects.len() as u64 * (STARTS + STARTS_WITH_SHARE));
    let take = |share: Option<&Share>| -> Result<Vec<Measurement>> {
        let measured = subjects.iter();
        let measured = measured.map(|subject| Measurement::take(subject, &surroundings, share, &progress));
        measured.collect()
    };
    let at_full_speed = take(None)?;
    let share = Share::create();
    let with_share = share.as_ref().ok().map(|share| take(Some(share))).transpose()?;
    progress.finish_and_clear();
    let seventh = match (&share, &with_share) {
        (Err(error), _) => format!("with a seventh of a core: NOT RUN: {error:#}"),
        (Ok(_), measurements) => format!(
            "medians of {STARTS_WITH_SHARE} starts with a seventh of a core: 2.9 ms in each 20 ms\n\n{}",
            measurement::table(measurements.as_deref().unwrap_or_default())
        ),
    };
    let output = format!(
        "medians of {STARTS} starts, release build, each function in turn with the smallest one and with Python\n\n{}\n\n\
         {seventh}\n\n{}",
        measurement::table(&at_full_speed),
        measurement::legend()
    );
    writeln!(std::io::stdout(), "{output}").ok();
    if arguments.json {
        let json = measurement::json(&at_full_speed, with_share.as_deref());
        writeln!(std::io::stdout(), "{json}").ok();
    }
    for measurement in &at_full_speed {
        if let Some(exceeded) = measurement.exceeded() {
            writeln!(std::io::stderr(), "bench: {exceeded}").ok();
        }
    }
    Ok(at_full_speed.iter().all(Measurement::is_within_budgets))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}

fn handlers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python")
}

fn python() -> PathBuf {
    root().join(".venv/bin/python")
}
