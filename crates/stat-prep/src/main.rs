//! The `stat-prep` Lambda function.

use std::process::ExitCode;

use lambda_core::variables::Variables;
use lambda_core::{run, telemetry};
use stat_prep::StatPrep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!(), "stat_ledger", "postgres_session"]);
    run::run(&variables, StatPrep::start(&variables).await).await
}
