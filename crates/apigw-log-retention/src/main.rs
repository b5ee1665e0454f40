//! The `apigw-log-retention` Lambda function.

use std::process::ExitCode;

use apigw_log_retention::ApigwLogRetention;
use lambda_core::variables::Variables;
use lambda_core::{run, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!()]);
    run::run(&variables, ApigwLogRetention::start(&variables).await).await
}
