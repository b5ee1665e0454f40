//! The `stat-analysis` Lambda function.

use lambda_core::{run, telemetry, variables::Variables};
use stat_analysis::handler::StatAnalysis;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::init();
    run::run(StatAnalysis::start(&Variables::from_environment()).await).await
}
