//! Responds to an event with its echo.

use std::time::Duration;

use lambda_core::check::Check;
use lambda_core::invocation::Invocation;
use lambda_core::run::{ErrorType, Handler};
use lambda_core::variables::Variables;
use serde_json::value::{RawValue, to_raw_value};

use crate::config::Config;
use crate::context::{Context, Identity};
use crate::echo::Echo;
use crate::event::{Fields, Integration, option_values};
use crate::function_response::{FunctionResponse, HttpResponse};
use crate::rejected_request::RejectedRequest;
use crate::response_options::ResponseOptions;
use crate::secret;

impl Handler for ApiLoopback {
    type Event = Box<RawValue>;
    type Response = FunctionResponse;
    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<RejectedRequest>("Refusal"),
        ErrorType::any("ApiLoopbackError"),
    ];

    /// Responds to any event with the event itself and the invocation's context.
    ///
    /// A request with an impossible option is rejected: a proxy integration gets a response with the error's status,
    /// every other caller an error with the same JSON as its message. The function has no effects, so retries are harmless.
    async fn handle(&self, event: Box<RawValue>, invocation: Invocation) -> anyhow::Result<FunctionResponse> {
        let integration = Integration::of(&Fields::parse(&event));
        match (self.respond(event, integration, &invocation).await, integration) {
            (Err(error), Integration::Proxy(form)) => {
                let rejected = error.downcast::<RejectedRequest>()?;
                Ok(FunctionResponse::Http(HttpResponse::rejection(form, &rejected)))
            }
            (outcome, _) => outcome,
        }
    }

    /// Reports the masking and the limits. The function calls no other system and needs no permission.
    async fn checks(&self, _invocation: &Invocation) -> Vec<Check> {
        vec![self.check_masking(), self.check_limits()]
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }
}

/// The function: its configuration, read at cold start.
pub struct ApiLoopback {
    config: Config,
}

impl ApiLoopback {
    /// Reads the configuration. Fails if a variable is malformed.
    pub fn start(variables: &Variables) -> anyhow::Result<Self> {
        Ok(Self {
            config: Config::from_variables(variables)?,
        })
    }

    async fn respond(
        &self,
        event: Box<RawValue>,
        integration: Integration,
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let values = option_values(&Fields::parse(&event));
        let options = ResponseOptions::parse(&values, self.config.limits, invocation.deadline.remaining())?;
        // Even a sleep of zero would wait for the timer's next tick, about a millisecond.
        if !options.delay.is_zero() {
            tokio::time::sleep(options.delay).await;
        }
        let echo = self.echo(event, invocation, options.bytes)?;
        let response = match (integration, options.status) {
            (Integration::Proxy(form), status) => {
                FunctionResponse::Http(HttpResponse::echo(status, form, &echo)?)
            }
            (Integration::Direct, 200) => FunctionResponse::Echo(Box::new(echo)),
            // An error is the only way to give a non-proxy integration another status.
            (Integration::Direct, status) => {
                return Err(RejectedRequest {
                    status,
                    message: "the request set this status".to_owned(),
                }
                .into());
            }
        };
        response.within_limit()
    }

    fn echo(&self, mut event: Box<RawValue>, invocation: &Invocation, bytes: usize) -> anyhow::Result<Echo> {
        let mut context = context(invocation)?;
        if !self.config.echo_secrets {
            event = secret::mask(event)?;
            context.client_context = context.client_context.map(secret::mask).transpose()?;
        }
        Ok(Echo::new(event, context, bytes)?)
    }

    fn check_masking(&self) -> Check {
        if self.config.echo_secrets {
            return Check::passed(
                "masking",
                "off: ECHO_SECRETS is true, echoes show tokens and passwords",
            );
        }
        let planted = r#"{"headers":{"authorization":"Bearer planted"},"body":"password=planted"}"#;
        let masked = RawValue::from_string(planted.to_owned()).and_then(secret::mask);
        match masked.is_ok_and(|masked| !masked.get().contains("planted")) {
            true => Check::passed("masking", "on: echoes show *** for tokens and passwords"),
            false => Check::failed(
                "masking",
                "a planted secret was not masked: deploy the previous version",
            ),
        }
    }

    fn check_limits(&self) -> Check {
        let limits = self.config.limits;
        let detail = format!("bytes up to {}, delay_ms up to {}", limits.bytes, limits.delay_ms);
        Check::passed("limits", detail)
    }
}

fn context(invocation: &Invocation) -> serde_json::Result<Context> {
    let runtime = &invocation.context;
    let environment = &runtime.env_config;
    let remaining = invocation.deadline.remaining().as_millis();
    Ok(Context {
        function_name: environment.function_name.clone(),
        function_version: environment.version.clone(),
        invoked_function_arn: runtime.invoked_function_arn.clone(),
        memory_limit_in_mb: environment.memory.to_string(),
        aws_request_id: runtime.request_id.clone(),
        log_group_name: environment.log_group.clone(),
        log_stream_name: environment.log_stream.clone(),
        remaining_time_in_millis: u64::try_from(remaining).unwrap_or(u64::MAX),
        trace_id: runtime.xray_trace_id.clone(),
        identity: runtime.identity.as_ref().map(|identity| Identity {
            cognito_identity_id: identity.identity_id.clone(),
            cognito_identity_pool_id: identity.identity_pool_id.clone(),
        }),
        client_context: runtime.client_context.as_ref().map(to_raw_value).transpose()?,
        tenant_id: runtime.tenant_id.clone(),
    })
}
