//! The `stat-analysis` Lambda function.

use lambda_core::{run, telemetry, variables::Variables};
use stat_analysis::StatAnalysis;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!(), "stat_ledger", "postgres_session"]);
    run::run(&variables, StatAnalysis::start(&variables).await).await
}
