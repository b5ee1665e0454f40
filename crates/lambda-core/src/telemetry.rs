//! Logs as the runtime's own subscriber writes them.

use lambda_runtime::tracing::subscriber::filter::{Directive, LevelFilter};
use lambda_runtime::tracing::subscriber::{EnvFilter, fmt};
use std::str::FromStr;

use crate::variables::Variables;

/// The suite's own libraries, whose lines are as detailed as the function's.
const OURS: [&str; 3] = ["lambda_core", "stat_ledger", "ko_morph"];

/// Starts logging to standard output: JSON where `AWS_LAMBDA_LOG_FORMAT` says so, as the function's
/// logging configuration sets it, with the request id in each line. `function` is the function's `module_path!()`.
///
/// `AWS_LAMBDA_LOG_LEVEL` is for our own lines. Those of other crates end at INFO whatever it says: one level below,
/// the runtime logs the event, and the SDKs log every answer.
pub fn init(variables: &Variables, function: &'static str) {
    let level = variables.text("AWS_LAMBDA_LOG_LEVEL").unwrap_or("INFO");
    let level = LevelFilter::from_str(level).unwrap_or(LevelFilter::INFO);
    let others = level.min(LevelFilter::INFO);
    let filter = OURS.iter().chain([&function]).fold(
        EnvFilter::default().add_directive(others.into()),
        |filter, ours| filter.add_directive(directive(ours, level)),
    );
    let lines = fmt().with_target(false).without_time().with_env_filter(filter);
    if variables
        .text("AWS_LAMBDA_LOG_FORMAT")
        .is_some_and(|format| format.eq_ignore_ascii_case("json"))
    {
        lines.json().init();
    } else {
        lines.init();
    }
}

fn directive(target: &str, level: LevelFilter) -> Directive {
    format!("{target}={level}")
        .parse()
        .expect("a crate's name and a level are a directive")
}
