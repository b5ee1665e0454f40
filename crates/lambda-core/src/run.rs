//! The loop that serves events: every function starts, responds and fails in the same way.
//!
//! # Example
//!
//! The `main` of a function. Init and event loop share one async runtime.
//!
//! ```no_run
//! # use lambda_core::run::Handler;
//! use lambda_core::{run, telemetry, variables::Variables};
//! use std::process::ExitCode;
//!
//! # async fn start<H: Handler>(start: fn(&Variables) -> anyhow::Result<H>) -> ExitCode {
//! let variables = Variables::from_environment();
//! telemetry::init(&variables, &[module_path!()]);
//! run::run(&variables, start(&variables)).await
//! # }
//! ```

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::check::{self, Check, CheckReport};
use crate::clock;
use crate::deadline::Deadline;
use crate::invalid_event::InvalidEvent;
use crate::invocation::Invocation;
use crate::variables::{ConfigurationError, Variables};

/// A Lambda function.
pub trait Handler {
    /// The JSON that the function receives: `Value`, or `Box<RawValue>` for its exact text.
    type Event: DeserializeOwned;

    /// The JSON that the function returns.
    type Response: Serialize;

    /// The function's error types, tried in order after [`InvalidEvent`] and [`ConfigurationError`]. The last one
    /// should be [`ErrorType::any`].
    const ERROR_TYPES: &'static [ErrorType];

    /// Processes one event.
    fn handle(
        &self,
        event: Self::Event,
        invocation: Invocation,
    ) -> impl Future<Output = anyhow::Result<Self::Response>>;

    /// Makes the checks of the check event: secrets, permissions and other sides, each by its least harmless call.
    ///
    /// The variables are reported without it.
    fn checks(&self, _invocation: &Invocation) -> impl Future<Output = Vec<Check>> {
        async { Vec::new() }
    }

    /// Returns the time for an event if the runtime reports no useful deadline (`FUNCTION_TIMEOUT_S`).
    fn function_timeout(&self) -> Duration;
}

/// A value of Lambda's `errorType`, by which logs, alarms and retries can filter, and the errors that it names.
#[derive(Clone, Copy)]
pub struct ErrorType {
    name: &'static str,
    applies: fn(&anyhow::Error) -> bool,
}

impl ErrorType {
    /// Names every error that is an `E`, has an `E` as context, or was caused by one.
    pub const fn of<E: std::error::Error + Send + Sync + 'static>(name: &'static str) -> Self {
        Self {
            name,
            applies: |error| error.is::<E>() || error.chain().any(|cause| cause.is::<E>()),
        }
    }

    /// Names every error.
    pub const fn any(name: &'static str) -> Self {
        Self {
            name,
            applies: |_| true,
        }
    }
}

/// Error types of every function, tried before its own.
const COMMON_ERROR_TYPES: [ErrorType; 2] = [
    ErrorType::of::<InvalidEvent>("InvalidEvent"),
    ErrorType::of::<ConfigurationError>("ConfigurationError"),
];

/// Serves events with `handler` until Lambda ends the process. An `Err` is reported to Lambda as a failed init.
///
/// An error becomes one log line, which the runtime writes, and one response to the caller. Both have the whole chain of
/// causes. The check event (see [`check`]) gets a [`CheckReport`] instead of the handler's response.
///
/// Outside Lambda, without `AWS_LAMBDA_RUNTIME_API`, the process ends at once: with success if the configuration is
/// valid. `make check APP= STAGE=` relies on that.
pub async fn run<H: Handler>(variables: &Variables, handler: anyhow::Result<H>) -> ExitCode {
    let is_in_lambda = variables.text("AWS_LAMBDA_RUNTIME_API").is_some();
    let handler = match handler.map_err(Failure::new::<H>) {
        Ok(handler) => handler,
        Err(failure) => return fail_init(failure, is_in_lambda).await,
    };
    if !is_in_lambda {
        tracing::info!(
            "the configuration is valid; no events are served, because AWS_LAMBDA_RUNTIME_API is not set"
        );
        return ExitCode::SUCCESS;
    }
    let set = variables.checks();
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        serve(&handler, &set, event)
    }))
    .await;
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("lost the connection to the Lambda Runtime API: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The response to an event.
#[derive(Serialize)]
#[serde(untagged)]
enum Served<R> {
    Response(R),
    Checks(CheckReport),
}

async fn serve<H: Handler>(
    handler: &H,
    variables: &[Check],
    event: LambdaEvent<Box<RawValue>>,
) -> Result<Served<H::Response>, Failure> {
    let LambdaEvent { payload, context } = event;
    let invocation = Invocation {
        deadline: Deadline::from_runtime(context.deadline, clock::now(), handler.function_timeout()),
        request_id: context.request_id.clone(),
        function_arn: context.invoked_function_arn.clone(),
        function_name: context.env_config.function_name.clone(),
        context,
    };
    if check::is_check(payload.get()) {
        let checks = [variables.to_vec(), handler.checks(&invocation).await].concat();
        let version = invocation.context.env_config.version.clone();
        return Ok(Served::Checks(CheckReport::new(
            invocation.function_name,
            version,
            checks,
        )));
    }
    let event = parse(&payload).map_err(Failure::new::<H>)?;
    drop(payload);
    let response = handler.handle(event, invocation).await;
    response.map(Served::Response).map_err(Failure::new::<H>)
}

/// Parses an event. serde's message names a position, and never the event's content.
fn parse<E: DeserializeOwned>(text: &RawValue) -> anyhow::Result<E> {
    serde_json::from_str(text.get()).map_err(|error| {
        InvalidEvent::new(format!("expected JSON that this function can read: {error}")).into()
    })
}

/// An error as Lambda reports it. The runtime logs its `Debug` form.
struct Failure {
    error_type: &'static str,
    message: String,
}

impl Failure {
    fn new<H: Handler>(error: anyhow::Error) -> Self {
        let mut types = COMMON_ERROR_TYPES.iter().chain(H::ERROR_TYPES);
        Self {
            error_type: types
                .find(|of| (of.applies)(&error))
                .map_or("Error", |of| of.name),
            // The alternate form has all causes: "could not read x: connection refused: …".
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

/// Reports a failed init to the log and to Lambda, which otherwise knows only that the process ended.
async fn fail_init(failure: Failure, is_in_lambda: bool) -> ExitCode {
    tracing::error!("{failure:?}");
    if is_in_lambda && let Err(error) = report_init_error(failure).await {
        tracing::warn!("could not report the failed init to the Lambda Runtime API: {error}");
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

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};
    use serde_json::Value;

    use super::*;

    struct Function;

    impl Handler for Function {
        type Event = Value;
        type Response = Value;

        const ERROR_TYPES: &'static [ErrorType] = &[
            ErrorType::of::<fmt::Error>("NotFormatted"),
            ErrorType::any("FunctionError"),
        ];

        async fn handle(&self, event: Value, _invocation: Invocation) -> anyhow::Result<Value> {
            Ok(event)
        }

        fn function_timeout(&self) -> Duration {
            Duration::from_secs(60)
        }
    }

    #[track_caller]
    fn check(error: anyhow::Error, expected: &str) {
        assert_eq!(format!("{:?}", Failure::new::<Function>(error)), expected);
    }

    #[test]
    fn an_error_gets_the_first_type_that_is_in_its_chain() {
        let event = Err::<(), _>(InvalidEvent::new("expected a month"));
        check(
            event.context("could not start").expect_err("an error"),
            "InvalidEvent: could not start: invalid event: expected a month",
        );
        check(
            anyhow!("reset").context(fmt::Error),
            "NotFormatted: an error occurred when formatting an argument: reset",
        );
        check(anyhow!("no route"), "FunctionError: no route");
    }
}
