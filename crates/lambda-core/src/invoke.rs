//! Handing work to a function: an asynchronous invocation whose answer is checked.

use anyhow::{Context, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;
use std::time::Duration;

use crate::aws;
use crate::deadline::Deadline;
use crate::pause;

/// How often a chain of functions that invoke themselves may go on. AWS ends such chains at about 16, and
/// an event that it drops there is lost without a word.
pub const LAST_HOP: u32 = 10;

/// How often a refused invocation is tried in all.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What must be left at most for the caller to say that it did not succeed; of a short invocation, a tenth.
const RESERVE: Duration = Duration::from_secs(2);

/// Lambda's Invoke API.
pub struct Invoker {
    client: Client,
}

impl Invoker {
    /// A client; connects to nothing yet.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(&aws::without_retries(config)),
        }
    }

    /// Hands `payload` to `function` (a name or ARN) as an asynchronous event, and returns once Lambda has
    /// accepted it.
    ///
    /// A refusal (throttled, unknown, connection gone) is tried again with growing, jittered pauses: six
    /// times, within the time left. Where an answer was lost, the event may be there twice.
    ///
    /// # Errors
    /// The last refusal, with Lambda's own words.
    pub async fn hand_out(&self, function: &str, payload: &Value, deadline: Deadline) -> anyhow::Result<()> {
        let reserve = RESERVE.min(deadline.whole() / 10);
        let mut attempt = 1;
        loop {
            let in_time = deadline.left().saturating_sub(reserve);
            let refusal = match tokio::time::timeout(in_time, self.invoke(function, payload)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(refusal)) => refusal,
                Err(_) => anyhow!("there was no answer within the time left"),
            };
            let pause = pause::before_retry(attempt, FIRST_PAUSE, LONGEST_PAUSE);
            if attempt == ATTEMPTS || deadline.left() < pause + reserve {
                return Err(refusal).with_context(|| format!("tried {attempt} times to invoke {function}"));
            }
            tracing::warn!(attempt, "could not invoke {function}, trying again: {refusal:#}");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn invoke(&self, function: &str, payload: &Value) -> anyhow::Result<()> {
        let answer = self
            .client
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .map_err(aws::explain)?;
        // AWS answers 202 to an event; `cargo lambda watch` runs it at once and answers 200.
        match (answer.status_code(), answer.function_error()) {
            (200 | 202, None) => Ok(()),
            (status, error) => bail!("Lambda answered {status} {}", error.unwrap_or_default()),
        }
    }
}
