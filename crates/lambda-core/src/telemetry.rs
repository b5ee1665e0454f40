//! Log format and log level.

use std::str::FromStr;

use lambda_runtime::tracing::subscriber::filter::{Directive, LevelFilter};
use lambda_runtime::tracing::subscriber::{EnvFilter, fmt};

use crate::variables::Variables;

/// Starts logging to standard output, with the request id in each line.
///
/// `AWS_LAMBDA_LOG_FORMAT` selects text or JSON; Lambda sets it from the function's logging configuration.
/// `AWS_LAMBDA_LOG_LEVEL` applies to this crate and to `crates`, the function's own crates as `module_path!()` spells
/// them. Other crates end at INFO: at DEBUG the runtime logs the event, and the SDKs log every response.
pub fn init(variables: &Variables, crates: &[&str]) {
    let level = variables.text("AWS_LAMBDA_LOG_LEVEL").unwrap_or("INFO");
    let level = LevelFilter::from_str(level).unwrap_or(LevelFilter::INFO);
    let mut filter = EnvFilter::default().add_directive(level.min(LevelFilter::INFO).into());
    for target in crates.iter().chain(&[env!("CARGO_CRATE_NAME")]) {
        filter = filter.add_directive(directive(target, level));
    }
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
        .expect("a crate's name and a level form a directive")
}
