//! The `api-loopback` Lambda function.

use api_loopback::handler::ApiLoopback;
use lambda_core::{run, telemetry, variables::Variables};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::init();
    run::run(ApiLoopback::start(&Variables::from_environment())).await
}
