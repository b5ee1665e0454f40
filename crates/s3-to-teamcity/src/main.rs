//! The `s3-to-teamcity` Lambda function.

use lambda_core::{run, telemetry, variables::Variables};
use s3_to_teamcity::handler::S3ToTeamCity;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::init();
    run::run(S3ToTeamCity::start(&Variables::from_environment())).await
}
