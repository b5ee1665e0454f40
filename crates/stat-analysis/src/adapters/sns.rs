//! Amazon SNS, which sends the mail to the topic's subscribers.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use lambda_core::aws::{self, LazyClient};
use uuid::Uuid;

use crate::mail::Mail;

pub(crate) struct Topic {
    client: LazyClient<Client>,
    arn: String,
}

impl Topic {
    /// Returns the topic. Its client is created at the first publish.
    pub(crate) fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            // A retry after a lost response would send the mail twice without a trace.
            client: aws::lazy_client(&aws::without_retries(config), Client::new),
            arn,
        }
    }

    /// Publishes the mail and returns SNS's message id. The attribute `run_id` lets subscribers recognise copies.
    ///
    /// After an error the mail may have been sent: the response can be lost.
    pub(crate) async fn publish(&self, mail: &Mail, run_id: Uuid) -> anyhow::Result<String> {
        let attribute = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(run_id.to_string())
            .build()
            .context("could not build the message attribute run_id")?;
        let response = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(&mail.subject)
            .message(&mail.text)
            .message_attributes("run_id", attribute)
            .send()
            .await
            .map_err(aws::readable_error)
            .with_context(|| format!("could not publish the mail of run {run_id} to {}", self.arn))?;
        Ok(response.message_id().unwrap_or_default().to_owned())
    }
}
