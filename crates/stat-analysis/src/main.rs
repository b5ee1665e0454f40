//! The `stat-analysis` Lambda function.

use std::process::ExitCode;

use lambda_core::variables::Variables;
use lambda_core::{run, telemetry};
use stat_analysis::StatAnalysis;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!(), "stat_ledger", "postgres_session"]);
    run::run(&variables, StatAnalysis::start(&variables).await).await
}
