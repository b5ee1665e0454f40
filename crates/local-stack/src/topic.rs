//! An SNS topic, read through what a subscriber really received.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::moto::Moto;

/// A topic with a queue subscribed to it.
#[derive(Debug, Clone)]
pub struct Topic {
    /// What functions get as `SNS_TOPIC_ARN`.
    pub arn: String,
    queue_url: String,
    moto: Moto,
    received: Arc<Mutex<Vec<Mail>>>,
}

/// What a subscriber of the topic received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The subject; empty where there was none.
    pub subject: String,
    /// The message.
    pub text: String,
    /// The message attributes' values.
    pub attributes: BTreeMap<String, String>,
    /// What `Publish` answered.
    pub message_id: String,
}

impl Topic {
    pub(crate) async fn create(moto: &Moto, name: &str) -> Result<Self> {
        let arn = moto.arn("sns", name);
        moto.sns(&[("Action", "CreateTopic"), ("Name", name)]).await?;
        let queue = moto
            .json("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": name}))
            .await?;
        let queue_url = queue["QueueUrl"]
            .as_str()
            .context("CreateQueue answered no QueueUrl")?
            .to_owned();
        let queue_arn = moto.arn("sqs", name);
        moto.sns(&[
            ("Action", "Subscribe"),
            ("TopicArn", &arn),
            ("Protocol", "sqs"),
            ("Endpoint", &queue_arn),
        ])
        .await?;
        Ok(Self {
            arn,
            queue_url,
            moto: moto.clone(),
            received: Arc::default(),
        })
    }

    /// Everything received so far, in the order of arrival. May be asked again and again.
    pub async fn mails(&self) -> Result<Vec<Mail>> {
        loop {
            let request =
                json!({"QueueUrl": self.queue_url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0});
            let batch = self
                .moto
                .json("sqs", "AmazonSQS.ReceiveMessage", &request)
                .await?;
            let messages = batch["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(self.received.lock().expect("no holder panics").clone());
            }
            for message in messages {
                let body = message["Body"].as_str().context("a message without a body")?;
                let mail = mail(body).context("a message that is no SNS notification")?;
                self.received.lock().expect("no holder panics").push(mail);
                let request = json!({"QueueUrl": self.queue_url, "ReceiptHandle": message["ReceiptHandle"]});
                self.moto.json("sqs", "AmazonSQS.DeleteMessage", &request).await?;
            }
        }
    }
}

fn mail(body: &str) -> Result<Mail> {
    let notification: Value = serde_json::from_str(body)?;
    let text = |name: &str| notification[name].as_str().unwrap_or_default().to_owned();
    let attributes = notification["MessageAttributes"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    Ok(Mail {
        subject: text("Subject"),
        text: text("Message"),
        attributes: attributes
            .iter()
            .map(|(name, attribute)| {
                (
                    name.clone(),
                    attribute["Value"].as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect(),
        message_id: text("MessageId"),
    })
}
