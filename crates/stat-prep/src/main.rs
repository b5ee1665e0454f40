//! The `stat-prep` Lambda function.

use lambda_core::{run, telemetry, variables::Variables};
use stat_prep::StatPrep;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!(), "stat_ledger", "postgres_session"]);
    run::run(&variables, StatPrep::start(&variables).await).await
}
