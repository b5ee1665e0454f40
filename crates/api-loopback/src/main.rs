//! The `api-loopback` Lambda function.

use api_loopback::ApiLoopback;
use lambda_core::{run, telemetry, variables::Variables};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!()]);
    run::run(&variables, ApiLoopback::start(&variables)).await
}
