//! Amazon SNS, which mails.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use lambda_core::aws;
use uuid::Uuid;

use crate::mail::Mail;

/// A topic.
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic with this ARN; connects to nothing yet.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            // A retry after a lost answer would mail twice without anybody knowing.
            client: Client::new(&aws::without_retries(config)),
            arn,
        }
    }

    /// Publishes the mail, with the run's id as an attribute by which subscribers can tell copies. Returns
    /// SNS's message id.
    ///
    /// # Errors
    /// When SNS refuses, or its answer is lost: then the mail may have been sent.
    pub async fn publish(&self, mail: &Mail, run_id: Uuid) -> anyhow::Result<String> {
        let attribute = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(run_id.to_string());
        let publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(&mail.subject)
            .message(&mail.text)
            .message_attributes(
                "run_id",
                attribute.build().context("could not make the attribute run_id")?,
            );
        let published = publish
            .send()
            .await
            .map_err(aws::explain)
            .with_context(|| format!("could not publish the mail of run {run_id} to {}", self.arn))?;
        Ok(published.message_id().unwrap_or_default().to_owned())
    }
}
