//! From the event to its echo.

use lambda_core::invocation::Invocation;
use lambda_core::run::Handler;
use lambda_core::variables::Variables;
use serde_json::Value;
use std::time::Duration;

use crate::answer::{Answer, Echo, Http};
use crate::config::Config;
use crate::context::{Context, Identity};
use crate::event::{Integration, parameters};
use crate::refusal::Refusal;
use crate::secret;
use crate::wish::Wishes;

/// Built at cold start.
pub struct ApiLoopback {
    config: Config,
}

impl ApiLoopback {
    /// Reads the configuration.
    ///
    /// # Errors
    /// For a wrong configuration.
    pub fn start(variables: &Variables) -> anyhow::Result<Self> {
        Ok(Self {
            config: Config::from_variables(variables)?,
        })
    }

    async fn answer(
        &self,
        event: Value,
        integration: Integration,
        invocation: &Invocation,
    ) -> anyhow::Result<Answer> {
        let wishes = Wishes::parse(&parameters(&event), invocation.deadline.left())?;
        tokio::time::sleep(wishes.delay).await;
        let echo = self.echo(event, invocation, wishes.bytes)?;
        let answer = match (integration, wishes.status) {
            (Integration::Proxy(form), status) => Answer::Http(Http::echo(status, form, &echo)?),
            (Integration::Direct, 200) => Answer::Echo(Box::new(echo)),
            // Lambda has no other way to say it.
            (Integration::Direct, status) => {
                return Err(Refusal {
                    status,
                    message: "the request asked for this status".to_owned(),
                }
                .into());
            }
        };
        answer.within_limit()
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
    let known = &invocation.context;
    let environment = &known.env_config;
    Ok(Context {
        function_name: environment.function_name.clone(),
        function_version: environment.version.clone(),
        invoked_function_arn: known.invoked_function_arn.clone(),
        memory_limit_in_mb: environment.memory.to_string(),
        aws_request_id: known.request_id.clone(),
        log_group_name: environment.log_group.clone(),
        log_stream_name: environment.log_stream.clone(),
        remaining_time_in_millis: u64::try_from(invocation.deadline.left().as_millis()).unwrap_or(u64::MAX),
        trace_id: known.xray_trace_id.clone(),
        identity: known.identity.as_ref().map(|identity| Identity {
            cognito_identity_id: identity.identity_id.clone(),
            cognito_identity_pool_id: identity.identity_pool_id.clone(),
        }),
        client_context: known
            .client_context
            .as_ref()
            .map(serde_json::to_value)
            .transpose()?,
        tenant_id: known.tenant_id.clone(),
    })
}

impl Handler for ApiLoopback {
    type Answer = Answer;

    /// Answers any event with what it was.
    ///
    /// What cannot be fulfilled is said to a proxy integration in an answer with the status of the refusal, and
    /// to everybody else as an error whose message is the same JSON. Nothing has an effect, so nothing is lost or
    /// done twice.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Answer> {
        let integration = Integration::of(&event);
        let answer = self.answer(event, integration, &invocation).await;
        match (answer, integration) {
            (Err(error), Integration::Proxy(form)) => {
                Ok(Answer::Http(Http::refusal(form, &error.downcast::<Refusal>()?)))
            }
            (answer, _) => answer,
        }
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }

    fn error_type(error: &anyhow::Error) -> &'static str {
        if error.is::<Refusal>() {
            "Refusal"
        } else {
            "ApiLoopbackError"
        }
    }
}
