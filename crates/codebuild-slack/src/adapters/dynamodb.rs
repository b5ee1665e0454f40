//! Amazon DynamoDB: the table that remembers messages.
//!
//! Its key is `build_id`, a string; its time-to-live attribute `expires_at`, in seconds since 1970. Each write holds
//! only under a condition, and where the condition does not hold, DynamoDB says what is there instead.

use anyhow::{Context, anyhow};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use lambda_core::aws;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

use super::aws::Aws;
use crate::answer::Place;
use crate::message::Message;
use crate::rank::Rank;
use crate::record::{Lease, Record};

/// A lease lasts a minute: no attempt may hang for half of it.
const ATTEMPT: Duration = Duration::from_secs(5);

type Item = HashMap<String, AttributeValue>;

/// The table.
pub struct Table {
    aws: Arc<Aws>,
    client: OnceCell<Client>,
    name: String,
}

/// What an event wants to have said.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// How far the build is then.
    pub rank: Rank,
    /// What is to be said.
    pub message: Message,
    /// Where, if it is not said yet.
    pub target: String,
    /// Whether anybody wants to know it.
    pub is_told: bool,
    /// When the record counts as gone.
    pub expires: Timestamp,
}

/// What came of a write.
#[derive(Clone, Debug)]
pub enum Written {
    /// It holds; this is the record now.
    Held(Record),
    /// The record was not as expected, but so.
    Otherwise(Option<Record>),
}

impl Table {
    /// The table of this name; connects to nothing yet.
    pub fn new(aws: Arc<Aws>, name: &str) -> Self {
        Self {
            aws,
            client: OnceCell::new(),
            name: name.to_owned(),
        }
    }

    /// The record of a build's message as it is at this moment.
    ///
    /// # Errors
    /// Where DynamoDB refuses, or the item is none of ours.
    pub async fn read(&self, build_id: &str) -> anyhow::Result<Option<Record>> {
        let client = self.client().await;
        let read = client
            .get_item()
            .table_name(&self.name)
            .key("build_id", text(build_id))
            .consistent_read(true)
            .send();
        let read = Box::pin(read)
            .await
            .map_err(aws::explain)
            .with_context(|| self.could_not("read", "GetItem"))?;
        read.item().map_or(Ok(None), |item| self.record_if_any(item))
    }

    /// Makes the record, where there is none or its time is over.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub async fn begin(
        &self,
        build_id: &str,
        proposal: &Proposal,
        lease: Option<&Lease>,
        now: Timestamp,
    ) -> anyhow::Result<Written> {
        let (set, also_removed) = with_lease(lease);
        let update = format!(
            "SET #wanted = :rank, #message = :message, #target = :target, #is_told = :is_told, #expires_at = :expires, \
             #posted = :nothing{set} REMOVE #channel, #ts{also_removed}"
        );
        let mut values = values_of(proposal, lease);
        values.push((":nothing", number(0)));
        values.push((":now", number(now.as_second())));
        self.write(
            build_id,
            update,
            "attribute_not_exists(#wanted) OR #expires_at <= :now",
            values,
        )
        .await
    }

    /// Raises what is wanted, where it is less, and leaves where it is to be posted; takes the lease as well, where one is given and none is held.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub async fn raise(
        &self,
        build_id: &str,
        proposal: &Proposal,
        lease: Option<&Lease>,
        now: Timestamp,
    ) -> anyhow::Result<Written> {
        let (set, _) = with_lease(lease);
        let update = format!(
            "SET #wanted = :rank, #message = :message, #target = if_not_exists(#target, :target), #is_told = :is_told, \
             #expires_at = :expires{set}"
        );
        let mut values = values_of(proposal, lease);
        let condition = match lease {
            None => "#wanted < :rank".to_owned(),
            Some(_) => {
                values.push((":now_ms", number(now.as_millisecond())));
                format!("#wanted < :rank AND {FREE}")
            }
        };
        self.write(build_id, update, &condition, values).await
    }

    /// Takes the lease, where none is held.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub async fn take_lease(&self, build_id: &str, lease: &Lease, now: Timestamp) -> anyhow::Result<Written> {
        let (set, _) = with_lease(Some(lease));
        let update = format!("SET {}", set.trim_start_matches(", "));
        let mut values = lease_values(lease);
        values.push((":now_ms", number(now.as_millisecond())));
        let condition = format!("attribute_exists(#wanted) AND {FREE}");
        self.write(build_id, update, &condition, values).await
    }

    /// Notes that the message says this rank, and where it is; gives the lease back. The record as it is then tells
    /// whether something was raised meanwhile.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub async fn note_posted(
        &self,
        build_id: &str,
        owner: &str,
        rank: Rank,
        place: &Place,
    ) -> anyhow::Result<Written> {
        let values = vec![
            (":rank", number(rank.0.into())),
            (":owner", text(owner)),
            (":channel", text(place.channel.as_deref().unwrap_or_default())),
            (":ts", text(place.ts.as_deref().unwrap_or_default())),
        ];
        let update = "SET #posted = :rank, #channel = :channel, #ts = :ts REMOVE #lease_owner, #lease_until";
        self.write(build_id, update.to_owned(), "#lease_owner = :owner", values)
            .await
    }

    /// Gives the lease back with nothing said.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub async fn give_back(&self, build_id: &str, owner: &str) -> anyhow::Result<()> {
        let update = "REMOVE #lease_owner, #lease_until".to_owned();
        self.write(
            build_id,
            update,
            "#lease_owner = :owner",
            vec![(":owner", text(owner))],
        )
        .await?;
        Ok(())
    }

    async fn client(&self) -> &Client {
        let set_up = async || {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(ATTEMPT)
                .operation_attempt_timeout(ATTEMPT)
                .build();
            let config = Config::from(self.aws.config().await).to_builder();
            Client::from_conf(config.timeout_config(timeouts).build())
        };
        self.client.get_or_init(|| Box::pin(set_up())).await
    }

    async fn write(
        &self,
        build_id: &str,
        update: String,
        condition: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> anyhow::Result<Written> {
        let names = names_in(&format!("{update} {condition}"));
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let client = self.client().await;
        let written = client
            .update_item()
            .table_name(&self.name)
            .key("build_id", text(build_id))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send();
        let error = match Box::pin(written).await {
            Ok(answer) => {
                let item = answer.attributes().context("DynamoDB returned no item")?;
                return Ok(Written::Held(self.record(item)?));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                let record = refused.item().map_or(Ok(None), |item| self.record_if_any(item));
                Ok(Written::Otherwise(record?))
            }
            _ => Err(aws::explain(error)).with_context(|| self.could_not("write to", "UpdateItem")),
        }
    }

    fn could_not(&self, what: &str, permission: &str) -> String {
        format!("could not {what} the table {} (dynamodb:{permission})", self.name)
    }

    /// An item without a rank says nothing yet.
    fn record_if_any(&self, item: &Item) -> anyhow::Result<Option<Record>> {
        match item.contains_key("wanted") {
            true => self.record(item).map(Some),
            false => Ok(None),
        }
    }

    fn record(&self, item: &Item) -> anyhow::Result<Record> {
        record(item).ok_or_else(|| {
            anyhow!(
                "an item of the table {} is none of codebuild-slack's: give it a table of its own",
                self.name
            )
        })
    }
}

/// Nobody holds the lease, or it has run out.
const FREE: &str = "(attribute_not_exists(#lease_until) OR #lease_until <= :now_ms)";

/// What sets the lease, or else what is to be removed.
fn with_lease(lease: Option<&Lease>) -> (&'static str, &'static str) {
    match lease {
        Some(_) => (", #lease_owner = :owner, #lease_until = :until", ""),
        None => ("", ", #lease_owner, #lease_until"),
    }
}

fn values_of(proposal: &Proposal, lease: Option<&Lease>) -> Vec<(&'static str, AttributeValue)> {
    let message = serde_json::to_string(&proposal.message).expect("texts and JSON have JSON");
    let mut values = vec![
        (":rank", number(proposal.rank.0.into())),
        (":message", text(&message)),
        (":target", text(&proposal.target)),
        (":is_told", AttributeValue::Bool(proposal.is_told)),
        (":expires", number(proposal.expires.as_second())),
    ];
    values.extend(lease.into_iter().flat_map(lease_values));
    values
}

fn lease_values(lease: &Lease) -> Vec<(&'static str, AttributeValue)> {
    vec![
        (":owner", text(&lease.owner)),
        (":until", number(lease.until.as_millisecond())),
    ]
}

/// `#name` for each name: many ordinary words are reserved in DynamoDB.
fn names_in(expressions: &str) -> HashMap<String, String> {
    let words =
        expressions.split(|character: char| !(character.is_ascii_alphanumeric() || "#_".contains(character)));
    let names = words.filter_map(|word| word.strip_prefix('#'));
    names.map(|name| (format!("#{name}"), name.to_owned())).collect()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn record(item: &Item) -> Option<Record> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
    let rank = |name: &str| Some(Rank(number(name)?.try_into().ok()?));
    let lease = text("lease_owner").zip(number("lease_until"));
    Some(Record {
        wanted: rank("wanted")?,
        message: serde_json::from_str(&text("message")?).ok()?,
        target: text("target")?,
        is_told: *item.get("is_told")?.as_bool().ok()?,
        posted: rank("posted")?,
        place: text("channel").zip(text("ts")).map(|(channel, ts)| Place {
            channel: Some(channel),
            ts: Some(ts),
        }),
        lease: match lease {
            None => None,
            Some((owner, until)) => Some(Lease {
                owner,
                until: Timestamp::from_millisecond(until).ok()?,
            }),
        },
        expires: Timestamp::from_second(number("expires_at")?).ok()?,
    })
}
