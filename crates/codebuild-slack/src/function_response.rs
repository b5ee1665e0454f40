//! The JSON that the function returns.

use serde::Serialize;

/// The outcome of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FunctionResponse {
    Posted(MessageLocation),
    /// The build's message now shows this event, or a newer one.
    Updated(MessageLocation),
    Skipped(SkipReason),
    Reconciled(Reconciliation),
    /// The outcomes of several events in one invocation.
    Several(Vec<FunctionResponse>),
    /// The messages that SQS delivers again. It accepts only this form.
    #[serde(rename = "batchItemFailures")]
    BatchItemFailures(Vec<BatchItemFailure>),
}

/// A message of SQS that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Id of the message.
    pub item_identifier: String,
}

/// The numbers of messages that one run has found without an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Messages without an event for 30 minutes.
    pub unfinished: usize,
    /// Messages that show the end of their build now.
    pub completed: usize,
    /// Messages of builds that still run.
    pub running: usize,
    /// Messages of ended builds that are left to the next run, because time was short.
    pub left: usize,
}

/// The identity of a message in Slack. A webhook returns neither part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MessageLocation {
    /// Id of the channel.
    pub channel: Option<String>,
    /// Slack's timestamp, the message's id within the channel.
    pub ts: Option<String>,
}

/// The reason why an event changed nothing in Slack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Neither a route nor `NOTIFY_STATUSES` contains the status.
    Status,
    /// No route matches the project and the branch.
    Route,
    /// The `when` of no route contains the result.
    When,
    /// The message already shows this event.
    Duplicate,
    /// The message already shows a newer event.
    Older,
    /// The event reports a phase of a batch's member.
    MemberPhase,
    /// The message is most likely in Slack, but Slack has not returned its location.
    InDoubt,
}

impl SkipReason {
    /// Returns the reason as a phrase for the log.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::Status => "no route or NOTIFY_STATUSES contains this status",
            Self::Route => "no route matches the project and the branch",
            Self::When => "the when of no route contains this result",
            Self::Duplicate => "duplicate: the message already shows this event",
            Self::InDoubt => "Slack has not responded to the post of the message, so it cannot be updated",
            Self::MemberPhase => "the message of a batch does not show the phases of its members",
            Self::Older => "stale event: the message already shows a newer one",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn serializes_to_the_documented_json() {
        let location = MessageLocation {
            channel: Some("C1".to_owned()),
            ts: None,
        };
        let json = |response: FunctionResponse| serde_json::to_value(response).expect("it is JSON");
        assert_eq!(
            json(FunctionResponse::Posted(location.clone())),
            json!({"posted": {"channel": "C1", "ts": null}})
        );
        assert_eq!(
            json(FunctionResponse::Updated(location)),
            json!({"updated": {"channel": "C1", "ts": null}})
        );
        assert_eq!(
            json(FunctionResponse::Skipped(SkipReason::Older)),
            json!({"skipped": "older"})
        );
        let run = Reconciliation {
            unfinished: 3,
            completed: 2,
            running: 1,
            left: 0,
        };
        assert_eq!(
            json(FunctionResponse::Reconciled(run)),
            json!({"reconciled": {"unfinished": 3, "completed": 2, "running": 1, "left": 0}})
        );
    }
}
