//! Amazon DynamoDB: the table that records messages.
//!
//! Its key is `build_id`, a string; its time-to-live attribute is `expires_at`, in seconds since 1970. Its index
//! `unfinished` (key `state` and `expires_at`) holds the few messages that show no end, because only they have a `state`:
//! a scan would read every message of 30 days, four times an hour. Each write is
//! conditional. If the condition does not hold, DynamoDB returns the current item.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use lambda_core::aws;
use lambda_core::check::Check;
use serde_json::{Value, json};

use super::aws::{Aws, LazyClient};
use crate::function_response::MessageLocation;
use crate::history::rank::Rank;
use crate::history::record::{Lease, Record, Revision, WriteOutcome};

/// Time-out of one attempt. A lease lasts a minute, and no attempt may take half of it.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Name of the index, and the value of its partition key.
const UNFINISHED: &str = "unfinished";
/// Key that no build has.
const NO_BUILD: &str = "nightshift-check";

type Item = HashMap<String, AttributeValue>;

/// The outcome of a conditional write, with the item after it.
enum ItemWritten {
    Applied(Item),
    Conflict(Option<Item>),
}

pub(crate) struct Table {
    client: LazyClient<Client>,
    name: String,
}

impl Table {
    pub(crate) fn new(aws: &Arc<Aws>, name: &str) -> Self {
        Self {
            client: LazyClient::new(aws, client),
            name: name.to_owned(),
        }
    }

    /// Checks the table and the permissions: reads an item, attempts a write whose condition never holds, and queries the
    /// index for records before 1970.
    pub(crate) async fn checks(&self) -> [Check; 3] {
        let name = format!("table {} readable", self.name);
        let read = match self.read(NO_BUILD).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => Check::failed(name, self.remedy(&error)),
        };
        let name = format!("table {} writable", self.name);
        let never = "attribute_exists(#wanted) AND attribute_not_exists(#wanted)";
        let write = self
            .write(NO_BUILD, "REMOVE #lease_owner", never, Vec::new())
            .await;
        let write = match write {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => Check::failed(name, self.remedy(&error)),
        };
        let name = format!("index {UNFINISHED} of the table {}", self.name);
        let index = match self.unfinished(Timestamp::UNIX_EPOCH).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => Check::failed(
                name,
                format!(
                    "{error:#}; the table needs the index {UNFINISHED} with the keys state, a string, and expires_at, a \
                     number, and the role dynamodb:Query on it"
                ),
            ),
        };
        [read, write, index]
    }

    fn remedy(&self, error: &anyhow::Error) -> String {
        format!("{error:#}; the table needs the key build_id, a string, and the role both permissions")
    }

    /// Reads the record of a build's message, with strong consistency.
    pub(crate) async fn read(&self, build_id: &str) -> anyhow::Result<Option<Record>> {
        let client = self.client.get().await;
        let read = client
            .get_item()
            .table_name(&self.name)
            .key("build_id", text(build_id))
            .consistent_read(true)
            .send();
        let read = Box::pin(read)
            .await
            .map_err(aws::readable_error)
            .with_context(|| self.could_not("read", "GetItem"))?;
        self.record_if_any(read.item())
    }

    /// Creates the record if there is none, or if it has expired.
    pub(crate) async fn create(
        &self,
        build_id: &str,
        revision: &Revision,
        lease: Option<&Lease>,
        now: Timestamp,
    ) -> anyhow::Result<WriteOutcome> {
        let (set, also_removed) = lease_clauses(lease);
        // A revision that may not be posted leaves no message to complete.
        let (state, without_state) = match revision.may_post {
            true => (", #state = :unfinished", ""),
            false => ("", ", #state"),
        };
        let update = format!(
            "SET #wanted = :rank, #message = :message, #target = :target, #is_told = :is_told, #expires_at = :expires, \
             #reply = :reply, #posted = :nothing{set}{state} REMOVE #channel, #ts, #unanswered{also_removed}{without_state}"
        );
        let mut values = revision_values(revision, lease);
        if revision.may_post {
            values.push((":unfinished", text(UNFINISHED)));
        }
        values.push((":nothing", number(Rank::NOTHING.0.into())));
        values.push((":now", number(now.as_second())));
        let condition = "attribute_not_exists(#wanted) OR #expires_at <= :now";
        self.write(build_id, &update, condition, values).await
    }

    /// Replaces the wanted revision if its rank is lower, and keeps its channel. With a `lease`, acquires that as well,
    /// and writes only if the lease is free.
    pub(crate) async fn raise(
        &self,
        build_id: &str,
        revision: &Revision,
        lease: Option<&Lease>,
        now: Timestamp,
    ) -> anyhow::Result<WriteOutcome> {
        let (set, _) = lease_clauses(lease);
        let update = format!(
            "SET #wanted = :rank, #message = :message, #target = if_not_exists(#target, :target), #is_told = :is_told, \
             #reply = :reply, #expires_at = :expires, #state = :unfinished{set} REMOVE #unanswered"
        );
        let mut values = revision_values(revision, lease);
        values.push((":unfinished", text(UNFINISHED)));
        let condition = match lease {
            None => "#wanted < :rank".to_owned(),
            Some(_) => {
                values.push((":now_ms", number(now.as_millisecond())));
                format!("#wanted < :rank AND {LEASE_IS_FREE}")
            }
        };
        self.write(build_id, &update, &condition, values).await
    }

    /// Acquires the lease if it is free.
    pub(crate) async fn acquire_lease(
        &self,
        build_id: &str,
        lease: &Lease,
        now: Timestamp,
    ) -> anyhow::Result<WriteOutcome> {
        let (set, _) = lease_clauses(Some(lease));
        let update = format!("SET {}", set.trim_start_matches(", "));
        let mut values = lease_values(lease);
        values.push((":now_ms", number(now.as_millisecond())));
        let condition = format!("attribute_exists(#wanted) AND {LEASE_IS_FREE}");
        self.write(build_id, &update, &condition, values).await
    }

    /// Records the number of posts without a response, before another one begins. Needs the lease.
    pub(crate) async fn record_unanswered(
        &self,
        build_id: &str,
        owner: &str,
        unanswered: u32,
    ) -> anyhow::Result<WriteOutcome> {
        let values = vec![
            (":unanswered", number(unanswered.into())),
            (":owner", text(owner)),
        ];
        self.write(
            build_id,
            "SET #unanswered = :unanswered",
            "#lease_owner = :owner",
            values,
        )
        .await
    }

    /// Records the location of the message in Slack and the rank of the delivered revision, and releases the lease. Without
    /// a location, the message is most likely there, and no event can update it or reply to it. The resulting record shows
    /// whether a newer revision was recorded meanwhile.
    pub(crate) async fn record_delivery(
        &self,
        build_id: &str,
        owner: &str,
        delivered: &Revision,
        location: Option<&MessageLocation>,
    ) -> anyhow::Result<WriteOutcome> {
        let rank = delivered.rank;
        let mut values = vec![(":rank", number(rank.0.into())), (":owner", text(owner))];
        let update = match location {
            Some(location) => {
                let part = |part: &Option<String>| text(part.as_deref().unwrap_or_default());
                values.extend([(":channel", part(&location.channel)), (":ts", part(&location.ts))]);
                "SET #posted = :rank, #channel = :channel, #ts = :ts REMOVE #unanswered, #lease_owner, #lease_until"
            }
            None => "SET #posted = :rank REMOVE #channel, #ts, #unanswered, #lease_owner, #lease_until",
        };
        let finished = match (rank.is_end(), location, &delivered.reply) {
            (false, _, _) => "",
            // The message is unfinished until its reply is posted.
            (true, Some(_), Some(_)) => "",
            (true, _, _) => ", #state, #reply",
        };
        self.release_finished(build_id, owner, update, finished, values)
            .await
    }

    /// Records that the reply of a revision needs no further post, and releases the lease.
    pub(crate) async fn record_reply(
        &self,
        build_id: &str,
        owner: &str,
        replied: Rank,
    ) -> anyhow::Result<WriteOutcome> {
        let update = "REMOVE #unanswered, #lease_owner, #lease_until";
        let values = vec![(":rank", number(replied.0.into())), (":owner", text(owner))];
        self.release_finished(build_id, owner, update, ", #reply, #state", values)
            .await
    }

    /// Releases the lease with an update, and removes `finished` unless a newer revision was recorded meanwhile: these
    /// attributes belong to that one then. A retry of a batch's member begins after the end of the batch.
    async fn release_finished(
        &self,
        build_id: &str,
        owner: &str,
        update: &str,
        finished: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> anyhow::Result<WriteOutcome> {
        let is_holder = "#lease_owner = :owner";
        if finished.is_empty() {
            return self.write(build_id, update, is_holder, values).await;
        }
        let last = format!("{is_holder} AND #wanted = :rank");
        let outcome = self
            .write(build_id, &format!("{update}{finished}"), &last, values.clone())
            .await?;
        let is_held = |record: &Record| record.lease.as_ref().is_some_and(|lease| lease.owner == owner);
        match &outcome {
            WriteOutcome::Conflict(Some(record)) if is_held(record) => {
                let superseded = format!("{is_holder} AND #wanted > :rank");
                self.write(build_id, update, &superseded, values).await
            }
            _ => Ok(outcome),
        }
    }

    /// Releases the lease after a failed delivery.
    pub(crate) async fn release_lease(&self, build_id: &str, owner: &str) -> anyhow::Result<()> {
        let update = "REMOVE #lease_owner, #lease_until";
        let values = vec![(":owner", text(owner))];
        self.write(build_id, update, "#lease_owner = :owner", values)
            .await?;
        Ok(())
    }

    /// Lists the builds whose message shows no end and whose record expires before `expires`, the oldest first.
    pub(crate) async fn unfinished(&self, expires: Timestamp) -> anyhow::Result<Vec<String>> {
        let client = self.client.get().await;
        let (mut builds, mut start) = (Vec::new(), None);
        loop {
            let query = client
                .query()
                .table_name(&self.name)
                .index_name(UNFINISHED)
                .key_condition_expression("#state = :unfinished AND #expires_at < :expires")
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#expires_at", "expires_at")
                .expression_attribute_values(":unfinished", text(UNFINISHED))
                .expression_attribute_values(":expires", number(expires.as_second()))
                .set_exclusive_start_key(start)
                .send();
            let page = Box::pin(query)
                .await
                .map_err(aws::readable_error)
                .with_context(|| self.could_not("query the index unfinished of", "Query"))?;
            let ids = page
                .items()
                .iter()
                .filter_map(|item| item.get("build_id")?.as_s().ok());
            builds.extend(ids.cloned());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(builds);
            }
        }
    }

    /// Records that nothing is left to do for a build's message.
    pub(crate) async fn finish(&self, build_id: &str) -> anyhow::Result<()> {
        let condition = "attribute_exists(#state)";
        self.write_item(build_id, "REMOVE #state", condition, Vec::new())
            .await?;
        Ok(())
    }

    /// Records a batch without a message, so that [`unfinished`](Self::unfinished) lists it: its end has no event.
    pub(crate) async fn expect_end(&self, batch_id: &str, expires: Timestamp) -> anyhow::Result<()> {
        let values = vec![
            (":unfinished", text(UNFINISHED)),
            (":expires", number(expires.as_second())),
        ];
        let update = "SET #state = :unfinished, #expires_at = :expires";
        self.write_item(batch_id, update, "attribute_not_exists(#wanted)", values)
            .await?;
        Ok(())
    }

    async fn write(
        &self,
        build_id: &str,
        update: &str,
        condition: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> anyhow::Result<WriteOutcome> {
        Ok(
            match self.write_item(build_id, update, condition, values).await? {
                ItemWritten::Applied(item) => WriteOutcome::Applied(self.record(&item)?),
                ItemWritten::Conflict(item) => WriteOutcome::Conflict(self.record_if_any(item.as_ref())?),
            },
        )
    }

    async fn write_item(
        &self,
        build_id: &str,
        update: &str,
        condition: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> anyhow::Result<ItemWritten> {
        let names = names_in(&format!("{update} {condition}"));
        let values: HashMap<_, _> = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let client = self.client.get().await;
        let write = client
            .update_item()
            .table_name(&self.name)
            .key("build_id", text(build_id))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            // DynamoDB refuses an empty map.
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send();
        let error = match Box::pin(write).await {
            Ok(response) => {
                let item = response.attributes.context("DynamoDB returned no item")?;
                return Ok(ItemWritten::Applied(item));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(conflict)) => {
                Ok(ItemWritten::Conflict(conflict.item().cloned()))
            }
            _ => Err(aws::readable_error(error)).with_context(|| self.could_not("write to", "UpdateItem")),
        }
    }

    fn could_not(&self, action: &str, permission: &str) -> String {
        format!(
            "could not {action} the table {} (dynamodb:{permission})",
            self.name
        )
    }

    /// Parses the record of an item. An item without a rank has none yet.
    fn record_if_any(&self, item: Option<&Item>) -> anyhow::Result<Option<Record>> {
        let item = item.filter(|item| item.contains_key("wanted"));
        item.map(|item| self.record(item)).transpose()
    }

    fn record(&self, item: &Item) -> anyhow::Result<Record> {
        record(item).ok_or_else(|| {
            anyhow!(
                "the table {} holds an item that codebuild-slack did not write; use a dedicated table",
                self.name
            )
        })
    }
}

fn client(config: &SdkConfig) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT)
        .operation_attempt_timeout(ATTEMPT)
        .build();
    let config = Config::from(config).to_builder();
    Client::from_conf(config.timeout_config(timeouts).build())
}

/// The condition that the lease is not held, or has run out.
const LEASE_IS_FREE: &str = "(attribute_not_exists(#lease_until) OR #lease_until <= :now_ms)";

/// Returns the clause that sets the lease, or else the one that removes it.
fn lease_clauses(lease: Option<&Lease>) -> (&'static str, &'static str) {
    match lease {
        Some(_) => (", #lease_owner = :owner, #lease_until = :until", ""),
        None => ("", ", #lease_owner, #lease_until"),
    }
}

fn revision_values(revision: &Revision, lease: Option<&Lease>) -> Vec<(&'static str, AttributeValue)> {
    let json = |value: Value| text(&value.to_string());
    let mut values = vec![
        (":rank", number(revision.rank.0.into())),
        (":message", json(json!(revision.message))),
        (":reply", json(json!(revision.reply))),
        (":target", text(&revision.channel)),
        (":is_told", AttributeValue::Bool(revision.may_post)),
        (":expires", number(revision.expires.as_second())),
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

/// Maps each `#name` to its attribute. Plain names are avoided, because DynamoDB reserves many ordinary words.
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
    let location = text("channel").zip(text("ts"));
    // Records of an earlier version have none.
    let reply = text("reply").and_then(|reply| serde_json::from_str(&reply).ok()?);
    let lease = text("lease_owner").zip(number("lease_until"));
    Some(Record {
        wanted: Revision {
            rank: rank("wanted")?,
            message: serde_json::from_str(&text("message")?).ok()?,
            reply,
            channel: text("target")?,
            may_post: *item.get("is_told")?.as_bool().ok()?,
            expires: Timestamp::from_second(number("expires_at")?).ok()?,
        },
        posted: rank("posted")?,
        unanswered: number("unanswered")
            .and_then(|number| number.try_into().ok())
            .unwrap_or(0),
        location: location.map(|(channel, ts)| MessageLocation {
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
    })
}
