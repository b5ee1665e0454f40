//! Amazon SNS, where warnings go.

use anyhow::anyhow;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::DisplayErrorContext;

/// A topic.
pub struct WarningsTopic {
    client: Client,
    arn: String,
}

impl WarningsTopic {
    /// The topic with this ARN; connects to nothing yet.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            client: Client::new(config),
            arn,
        }
    }

    /// Publishes a warning.
    ///
    /// # Errors
    /// SNS's own words.
    pub async fn publish(&self, subject: &str, text: &str) -> anyhow::Result<()> {
        let publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(subject)
            .message(text);
        publish
            .send()
            .await
            .map_err(|error| anyhow!("{}", DisplayErrorContext(error)))?;
        Ok(())
    }
}
