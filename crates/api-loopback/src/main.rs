//! The `api-loopback` Lambda function.

use std::process::ExitCode;

use api_loopback::ApiLoopback;
use lambda_core::variables::Variables;
use lambda_core::{run, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!()]);
    run::run(&variables, ApiLoopback::start(&variables)).await
}
