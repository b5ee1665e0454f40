//! Amazon SNS, which sends the weekly report to the topic's subscribers.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use lambda_core::aws::{self, LazyClient};

pub(crate) struct Topic {
    client: LazyClient<Client>,
    arn: String,
}

impl Topic {
    pub(crate) fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            client: aws::lazy_client(config, Client::new),
            arn,
        }
    }

    pub(crate) async fn publish(&self, subject: &str, message: &str) -> anyhow::Result<()> {
        let request = self.client.publish().topic_arn(&self.arn);
        request
            .subject(subject)
            .message(message)
            .send()
            .await
            .map_err(aws::readable_error)
            .with_context(|| format!("could not publish the report to {} (sns:Publish)", self.arn))?;
        tracing::info!(
            "published the report of log groups that never expire to {}",
            self.arn
        );
        Ok(())
    }
}
