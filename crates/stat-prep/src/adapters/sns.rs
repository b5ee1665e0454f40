//! Amazon SNS, which publishes the warnings.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use lambda_core::aws::{self, LazyClient};

pub(crate) struct WarningsTopic {
    client: LazyClient<Client>,
    arn: String,
}

impl WarningsTopic {
    pub(crate) fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            // A retry after a lost response would publish the warning twice.
            client: aws::lazy_client(&aws::without_retries(config), Client::new),
            arn,
        }
    }

    pub(crate) async fn publish(&self, subject: &str, text: &str) -> anyhow::Result<()> {
        let publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(subject)
            .message(text);
        publish.send().await.map_err(aws::readable_error)?;
        Ok(())
    }
}
