//! The dead-letter queue in Amazon SQS.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use lambda_core::aws::{readable_error, sdk_config};
use tokio::sync::OnceCell;

/// The greatest length of the error in characters. SQS counts attributes to the message, which may have 1 MiB.
const MAX_ERROR_CHARS: usize = 1000;

/// A client of one queue. The SDK is set up for the first message, because few environments send any.
pub(crate) struct DeadLetters {
    queue_url: String,
    client: OnceCell<Client>,
}

impl DeadLetters {
    pub(crate) fn new(queue_url: &str) -> Self {
        Self {
            queue_url: queue_url.to_owned(),
            client: OnceCell::new(),
        }
    }

    /// Sends the body of a message that no retry can repair, with the error as the attribute `Error`.
    ///
    /// # Errors
    ///
    /// SQS rejects the message or cannot be reached.
    pub(crate) async fn send(&self, body: &str, error: &str) -> anyhow::Result<()> {
        let client = self
            .client
            .get_or_init(async || Client::new(&sdk_config().await))
            .await;
        let error: String = error
            .chars()
            .filter(|character| !character.is_control())
            .take(MAX_ERROR_CHARS)
            .collect();
        let error = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(error)
            .build()?;
        let request = client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(body)
            .message_attributes("Error", error);
        request.send().await.map_err(readable_error)?;
        Ok(())
    }
}
