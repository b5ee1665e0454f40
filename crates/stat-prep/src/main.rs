//! The `stat-prep` Lambda function.

use lambda_core::{run, telemetry, variables::Variables};
use stat_prep::handler::StatPrep;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::init();
    run::run(StatPrep::start(&Variables::from_environment()).await).await
}
