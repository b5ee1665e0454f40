//! SNS topic with a subscriber.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::moto::Moto;

/// Topic with a subscribed queue.
#[derive(Debug, Clone)]
pub struct Topic {
    /// ARN, for `SNS_TOPIC_ARN`.
    pub arn: String,
    queue_url: String,
    moto: Moto,
    received: Arc<Mutex<Vec<Mail>>>,
}

/// Notification that the subscriber received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Subject; may be empty.
    pub subject: String,
    /// Message.
    pub text: String,
    /// Values of the message attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// Message id that `Publish` returned.
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
            .context("CreateQueue returned no QueueUrl")?
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

    /// Returns all notifications so far, in the order of their arrival.
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
                let body = message["Body"].as_str().context("a message has no body")?;
                let mail = mail(body).context("a message is not an SNS notification")?;
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
    let attributes = notification["MessageAttributes"].as_object();
    Ok(Mail {
        subject: text("Subject"),
        text: text("Message"),
        attributes: attributes
            .into_iter()
            .flatten()
            .map(|(name, attribute)| {
                let value = attribute["Value"].as_str().unwrap_or_default();
                (name.clone(), value.to_owned())
            })
            .collect(),
        message_id: text("MessageId"),
    })
}
