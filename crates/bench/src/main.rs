#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are arguments in the functions; this program is the world around them"
)]

mod cold_start;
mod measurement;
mod subject;
mod zip_size;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use indicatif::ProgressBar;
use measurement::{Measurement, STARTS};
use subject::{SUBJECTS, Subject};

/// Measures the functions' programs in target/release beside a Python function, against their budgets.
#[derive(Debug, Parser)]
struct Arguments {
    /// Functions to measure; without any, all that are built
    #[arg(value_parser = PossibleValuesParser::new(SUBJECTS.map(|subject| subject.name)))]
    functions: Vec<String>,
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
        "{} has no function: run make bench, which builds them",
        target().join("release").display()
    );
    let progress = ProgressBar::new(subjects.len() as u64 * STARTS);
    let mut measurements = Vec::new();
    for subject in subjects {
        measurements.push(Measurement::take(subject, &progress)?);
    }
    progress.finish_and_clear();
    let output = format!(
        "median of {STARTS} starts, release build, each ratio to a Python function with boto3 started in turn\n\n\
         {}\n\n{}",
        measurement::table(&measurements),
        measurement::legend()
    );
    writeln!(std::io::stdout(), "{output}").ok();
    Ok(measurements.iter().all(Measurement::is_within_budgets))
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

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)
}

fn python() -> PathBuf {
    root().join(".venv/bin/python")
}
