//! Amazon SNS, where warnings go.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use lambda_core::aws;

/// A topic.
pub struct WarningsTopic {
    client: Client,
    arn: String,
}

impl WarningsTopic {
    /// The topic with this ARN; connects to nothing yet.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            // A retry after a lost answer would warn twice.
            client: Client::new(&aws::without_retries(config)),
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
        publish.send().await.map_err(aws::explain)?;
        Ok(())
    }
}
