//! The other functions, each with the server that stands for its other side.

mod api_loopback;
pub(crate) mod apigw_log_retention;
pub(crate) mod codebuild_slack;
pub(crate) mod rest_api;
pub(crate) mod s3_to_teamcity;

use anyhow::Result;
use local_stack::{Function, LambdaEmulator, Moto, function_binary};

use crate::invocation_record::InvocationRecord;
use crate::month::checks::CheckResult;

pub(crate) const NAMES: [&str; 4] = [
    s3_to_teamcity::FUNCTION,
    apigw_log_retention::FUNCTION,
    codebuild_slack::FUNCTION,
    api_loopback::FUNCTION,
];

/// Invocations of a function and the result of its check.
pub(crate) struct FunctionDemo {
    pub function: &'static str,
    pub records: Vec<InvocationRecord>,
    pub check: CheckResult,
}

/// Invokes one function after the other and prints each invocation.
pub(crate) async fn run_all(moto: &Moto) -> Result<Vec<FunctionDemo>> {
    Ok(vec![
        s3_to_teamcity::run().await?,
        apigw_log_retention::run(moto).await?,
        codebuild_slack::run(moto).await?,
        api_loopback::run().await?,
    ])
}

/// Starts a Lambda emulator with one function.
async fn deploy(
    function: &'static str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<LambdaEmulator> {
    let emulator = LambdaEmulator::start().await?;
    emulator.deploy(Function::new(function, function_binary(function)?).variables(variables));
    Ok(emulator)
}
