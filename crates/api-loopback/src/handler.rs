//! Responds to an event with its echo.

use lambda_core::invocation::Invocation;
use lambda_core::run::{ErrorType, Handler};
use lambda_core::variables::Variables;
use serde_json::Value;
use std::time::Duration;

use crate::config::Config;
use crate::context::{Context, Identity};
use crate::echo::Echo;
use crate::event::{Integration, option_values};
use crate::function_response::{FunctionResponse, HttpResponse};
use crate::rejected_request::RejectedRequest;
use crate::response_options::ResponseOptions;
use crate::secret;

impl Handler for ApiLoopback {
    type Event = Value;
    type Response = FunctionResponse;
    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<RejectedRequest>("Refusal"),
        ErrorType::any("ApiLoopbackError"),
    ];

    /// Responds to any event with the event itself and the invocation's context.
    ///
    /// A request with an impossible option is rejected: a proxy integration gets a response with the error's status,
    /// every other caller an error with the same JSON as its message. The function has no effects, so retries are harmless.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<FunctionResponse> {
        let integration = Integration::of(&event);
        match (self.respond(event, integration, &invocation).await, integration) {
            (Err(error), Integration::Proxy(form)) => {
                let rejected = error.downcast::<RejectedRequest>()?;
                Ok(FunctionResponse::Http(HttpResponse::rejection(form, &rejected)))
            }
            (outcome, _) => outcome,
        }
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
        event: Value,
        integration: Integration,
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let options = ResponseOptions::parse(&option_values(&event), invocation.deadline.remaining())?;
        tokio::time::sleep(options.delay).await;
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

    fn echo(&self, mut event: Value, invocation: &Invocation, bytes: usize) -> anyhow::Result<Echo> {
        let mut context = context(invocation)?;
        if !self.config.echo_secrets {
            secret::mask(&mut event);
            if let Some(client_context) = &mut context.client_context {
                secret::mask(client_context);
            }
        }
        Ok(Echo::new(event, context, bytes)?)
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
        client_context: runtime
            .client_context
            .as_ref()
            .map(serde_json::to_value)
            .transpose()?,
        tenant_id: runtime.tenant_id.clone(),
    })
}
