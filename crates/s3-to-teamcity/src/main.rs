//! The `s3-to-teamcity` Lambda function.

use std::process::ExitCode;

use lambda_core::variables::Variables;
use lambda_core::{run, telemetry};
use s3_to_teamcity::S3ToTeamCity;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::from_environment();
    telemetry::init(&variables, &[module_path!()]);
    run::run(&variables, S3ToTeamCity::start(&variables)).await
}
