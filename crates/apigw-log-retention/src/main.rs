//! The `apigw-log-retention` Lambda function.

use apigw_log_retention::handler::ApigwLogRetention;
use lambda_core::{run, telemetry, variables::Variables};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::init();
    run::run(ApigwLogRetention::start(&Variables::from_environment()).await).await
}
