//! From `main` to the Runtime API: every function starts and fails in the same way.

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use crate::clock;
use crate::deadline::Deadline;
use crate::invalid_event::InvalidEvent;
use crate::invocation::Invocation;
use crate::variables::ConfigurationError;

/// What a function is: the answer to an event.
pub trait Handler {
    /// What the function returns.
    type Answer: Serialize;

    /// Answers one event.
    fn handle(
        &self,
        event: Value,
        invocation: Invocation,
    ) -> impl Future<Output = anyhow::Result<Self::Answer>>;

    /// How long an invocation may take where the runtime's deadline is useless (`FUNCTION_TIMEOUT_S`).
    fn function_timeout(&self) -> Duration;

    /// Lambda's `errorType` for an error that [`InvalidEvent`] and [`ConfigurationError`] do not name: a
    /// word to filter logs and retries by.
    fn error_type(error: &anyhow::Error) -> &'static str;
}

/// Serves events with `handler` until Lambda ends the process; an `Err` is reported as a failed init.
///
/// An error becomes one log line, which the runtime writes, and one diagnostic for the caller, both with
/// the whole chain of causes.
pub async fn run<H: Handler>(handler: anyhow::Result<H>) -> ExitCode {
    let handler = match handler {
        Ok(handler) => handler,
        Err(error) => return fail_init(Failure::new::<H>(error)).await,
    };
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| serve(&handler, event))).await;
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the Runtime API is gone: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve<H: Handler>(handler: &H, event: LambdaEvent<Value>) -> Result<H::Answer, Failure> {
    let LambdaEvent { payload, context } = event;
    let invocation = Invocation {
        deadline: Deadline::of(context.deadline, clock::now(), handler.function_timeout()),
        request_id: context.request_id.clone(),
        function_arn: context.invoked_function_arn.clone(),
        function_name: context.env_config.function_name.clone(),
        context,
    };
    handler
        .handle(payload, invocation)
        .await
        .map_err(Failure::new::<H>)
}

/// An error as Lambda reports it. Its `Debug` is what the runtime logs.
struct Failure {
    error_type: &'static str,
    message: String,
}

impl Failure {
    fn new<H: Handler>(error: anyhow::Error) -> Self {
        let error_type = if error.is::<InvalidEvent>() {
            "InvalidEvent"
        } else if error.is::<ConfigurationError>() {
            "ConfigurationError"
        } else {
            H::error_type(&error)
        };
        // The alternate form is the whole chain, "what was tried: why it failed: …".
        Self {
            error_type,
            message: format!("{error:#}"),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.error_type, self.message)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Diagnostic {
            error_type: failure.error_type.to_owned(),
            error_message: failure.message,
        }
    }
}

/// Says why there will be no handler: to the log, and to Lambda, which otherwise knows only that the
/// process ended.
async fn fail_init(failure: Failure) -> ExitCode {
    tracing::error!("{failure:?}");
    if let Err(error) = report_init_error(failure).await {
        tracing::warn!("could not report the failed init to the Runtime API: {error}");
    }
    ExitCode::FAILURE
}

async fn report_init_error(failure: Failure) -> Result<(), lambda_runtime::Error> {
    let error_type = failure.error_type;
    let body = serde_json::to_vec(&Diagnostic::from(failure))?;
    let request = http::Request::post("/2018-06-01/runtime/init/error")
        .header("content-type", "application/json")
        .header("lambda-runtime-function-error-type", error_type)
        .body(body.into())?;
    lambda_runtime_api_client::PooledClient::builder()
        .build()
        .call(request)
        .await?;
    Ok(())
}
