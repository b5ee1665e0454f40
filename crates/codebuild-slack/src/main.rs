//! The `codebuild-slack` Lambda function.

use codebuild_slack::handler::CodeBuildSlack;
use lambda_core::{run, telemetry, variables::Variables};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::init();
    run::run(CodeBuildSlack::start(&Variables::from_environment())).await
}
