//! The `s3-to-teamcity` Lambda function.

use lambda_core::{run, telemetry, variables::Variables};
use s3_to_teamcity::S3ToTeamCity;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!()]);
    run::run(&variables, S3ToTeamCity::start(&variables)).await
}
