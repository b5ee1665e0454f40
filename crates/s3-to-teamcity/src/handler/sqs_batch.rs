//! The handling of SQS messages. Each succeeds or fails by itself.

use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use futures_util::{StreamExt, stream};
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;

use super::record_outcome::{RecordOutcome, emit_metrics};
use super::{CONCURRENT_BUILDS, S3ToTeamCity};
use crate::adapters::teamcity::FailureKind;
use crate::event::SqsMessage;
use crate::time_share::time_share;

/// Time kept for the response after the last message was sent to the dead-letter queue.
const RESPONSE_TIME: Duration = Duration::from_millis(200);

/// A message with the outcomes of its records.
struct MessageOutcome {
    message: SqsMessage,
    records: Vec<RecordOutcome>,
}

impl MessageOutcome {
    fn has_failed(&self) -> bool {
        self.records
            .iter()
            .any(|record| record.failures().next().is_some())
    }

    /// Returns all failures of the message in one text.
    fn failure(&self) -> String {
        let failures = self.records.iter().flat_map(RecordOutcome::failures);
        failures
            .map(|failure| failure.message.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// Reports whether the message failed and no retry can change that.
    fn is_beyond_repair(&self) -> bool {
        let mut failures = self.records.iter().flat_map(RecordOutcome::failures);
        self.has_failed() && failures.all(|failure| failure.kind == FailureKind::Permanent)
    }
}

impl S3ToTeamCity {
    pub(super) async fn handle_batch(
        &self,
        messages: Vec<SqsMessage>,
        invocation: &Invocation,
    ) -> SqsBatchResponse {
        let deadline = self.working_time(invocation.deadline);
        let is_fifo = messages.iter().any(|message| message.group.is_some());
        let outcomes = match is_fifo {
            true => self.queue_in_order(messages, deadline).await,
            false => self.queue_side_by_side(messages, deadline).await,
        };
        let (mut failed, mut dead_letters) = (Vec::new(), 0);
        for outcome in outcomes.iter().filter(|outcome| outcome.has_failed()) {
            match self.send_dead_letter(outcome, invocation.deadline).await {
                true => dead_letters += 1,
                false => failed.push(outcome.message.id.as_str()),
            }
        }
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed);
        let records: Vec<RecordOutcome> = outcomes.into_iter().flat_map(|outcome| outcome.records).collect();
        emit_metrics(&records, dead_letters, &invocation.function_name);
        response
    }

    /// Queues the builds of all messages together, so that an upload reported twice is looked up once.
    async fn queue_side_by_side(
        &self,
        mut messages: Vec<SqsMessage>,
        deadline: Deadline,
    ) -> Vec<MessageOutcome> {
        let notices: Vec<Vec<_>> = messages
            .iter_mut()
            .map(|message| std::mem::take(&mut message.notices))
            .collect();
        let counts: Vec<usize> = notices.iter().map(Vec::len).collect();
        let mut records = self
            .queue_builds(notices.into_iter().flatten().collect(), deadline)
            .await
            .into_iter();
        let outcome = |(message, count)| MessageOutcome {
            message,
            records: records.by_ref().take(count).collect(),
        };
        messages.into_iter().zip(counts).map(outcome).collect()
    }

    /// Queues the builds of a FIFO queue: one message of a group after the other, and none after the first failure of the
    /// group. SQS keeps the order only if the failure and all later messages of its group are reported.
    async fn queue_in_order(&self, messages: Vec<SqsMessage>, deadline: Deadline) -> Vec<MessageOutcome> {
        let order: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
        let mut groups: Vec<Vec<SqsMessage>> = Vec::new();
        for message in messages {
            match groups.iter_mut().find(|group| group[0].group == message.group) {
                Some(group) => group.push(message),
                None => groups.push(vec![message]),
            }
        }
        let groups = stream::iter(groups).map(|group| self.queue_group(group, deadline));
        let groups: Vec<_> = groups.buffer_unordered(CONCURRENT_BUILDS).collect().await;
        let mut outcomes: Vec<MessageOutcome> = groups.into_iter().flatten().collect();
        outcomes.sort_by_key(|outcome| order.iter().position(|id| *id == outcome.message.id));
        outcomes
    }

    async fn queue_group(&self, group: Vec<SqsMessage>, deadline: Deadline) -> Vec<MessageOutcome> {
        let mut outcomes: Vec<MessageOutcome> = Vec::new();
        let count = group.len();
        for (at, mut message) in group.into_iter().enumerate() {
            let notices = std::mem::take(&mut message.notices);
            let records = match outcomes.iter().find(|outcome| outcome.has_failed()) {
                Some(failed) => {
                    let earlier = &failed.message.id;
                    let fault = format!("not processed: message {earlier} of its group failed before it");
                    let leave = |notice| {
                        let record = RecordOutcome::failed(notice, &fault, FailureKind::Transient);
                        record.log();
                        record
                    };
                    notices.into_iter().map(leave).collect()
                }
                None => {
                    let share = time_share(deadline.remaining(), count - at, 1);
                    self.queue_builds(notices, Deadline::after(share)).await
                }
            };
            outcomes.push(MessageOutcome { message, records });
        }
        outcomes
    }

    /// Sends a message that is beyond repair to the dead-letter queue, if there is one. Returns false if SQS shall deliver
    /// the message again. Logs the failure, because the response has room for ids only.
    async fn send_dead_letter(&self, outcome: &MessageOutcome, deadline: Deadline) -> bool {
        let (id, failure) = (outcome.message.id.as_str(), outcome.failure());
        let is_in_order = outcome.message.group.is_some();
        let Some(dead_letters) = self
            .dead_letters
            .as_ref()
            .filter(|_| outcome.is_beyond_repair() && !is_in_order)
        else {
            tracing::error!(sqs.message_id = id, "failed SQS message {id}: {failure}");
            return false;
        };
        // Without a response in time, Lambda would repeat the whole batch.
        let time = deadline.remaining().saturating_sub(RESPONSE_TIME);
        let sent = tokio::time::timeout(time, dead_letters.send(&outcome.message.body, &failure)).await;
        match sent.unwrap_or_else(|_| Err(anyhow::anyhow!("the deadline left no time for it"))) {
            Ok(()) => {
                tracing::error!(
                    sqs.message_id = id,
                    "failed SQS message {id} and sent it to the dead-letter queue, a retry would not help: {failure}"
                );
                true
            }
            Err(error) => {
                tracing::error!(
                    sqs.message_id = id,
                    "failed SQS message {id}: {failure}; could not send it to the dead-letter queue: {error:#}"
                );
                false
            }
        }
    }
}
