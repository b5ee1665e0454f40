//! The function with another pace of its sweeps, for tests that do not concern the pace.

use std::process::ExitCode;
use std::time::Duration;

use apigw_log_retention::ApigwLogRetention;
use lambda_core::variables::Variables;
use lambda_core::{run, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &["apigw_log_retention"]);
    let interval_ms = variables.number("SWEEP_INTERVAL_MS", 0, 0).unwrap_or(0);
    let interval = Duration::from_millis(interval_ms.into());
    let function = ApigwLogRetention::start(&variables).await;
    let function = function.map(|function| function.with_sweep_interval(interval));
    run::run(&variables, function).await
}
