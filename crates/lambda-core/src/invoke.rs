//! Asynchronous invocation of functions.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;

use crate::aws::LazyClient;
use crate::deadline::Deadline;
use crate::{aws, backoff};

/// The highest hop of a function that invokes itself. AWS stops such a chain at about 16 hops and drops the event
/// there without an error.
pub const LAST_HOP: u32 = 10;

const ATTEMPTS: u32 = 6;
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// Time kept for the caller to report a failure, at most a tenth of the invocation.
const RESERVE: Duration = Duration::from_secs(2);

/// A client of Lambda's Invoke API.
pub struct Invoker {
    client: LazyClient<Client>,
}

impl Invoker {
    /// Returns an invoker. Its client is created at the first invocation.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: aws::lazy_client(&aws::without_retries(config), Client::new),
        }
    }

    /// Sends `payload` to `function` (a name or ARN) as an asynchronous event, and returns once Lambda has accepted
    /// it.
    ///
    /// A failed call (throttled, rejected, connection lost) is repeated with backoff: six attempts in all, within the
    /// deadline. If the response to a successful call is lost, the function receives the event twice.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, with Lambda's code and message.
    pub async fn invoke_event(
        &self,
        function: &str,
        payload: &Value,
        deadline: Deadline,
    ) -> anyhow::Result<()> {
        let reserve = RESERVE.min(deadline.total() / 10);
        let mut attempt = 1;
        loop {
            let timeout = deadline.remaining().saturating_sub(reserve);
            let error = match tokio::time::timeout(timeout, self.invoke(function, payload)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_) => anyhow!("no response within the remaining time"),
            };
            let delay = backoff::delay(attempt, FIRST_DELAY, LONGEST_DELAY);
            if attempt == ATTEMPTS || deadline.remaining() < delay + reserve {
                return Err(error)
                    .with_context(|| format!("could not invoke {function} in {attempt} attempts"));
            }
            tracing::warn!(
                attempt,
                "retrying the invocation of {function}, attempt {attempt} failed: {error:#}"
            );
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    async fn invoke(&self, function: &str, payload: &Value) -> anyhow::Result<()> {
        let response = self
            .client
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .map_err(aws::readable_error)?;
        // AWS responds with 202 to an event; `cargo lambda watch` runs the function at once and responds with 200.
        match (response.status_code(), response.function_error()) {
            (200 | 202, None) => Ok(()),
            (status, error) => bail!(
                "Lambda responded with status {status} {}",
                error.unwrap_or_default()
            ),
        }
    }
}
