//! What the function returns.

use serde::Serialize;

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The channel's id; a webhook does not say it.
    pub channel: Option<String>,
    /// The message's id within the channel; a webhook does not say it.
    pub ts: Option<String>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A message was posted.
    Posted(Place),
    /// The build's message says now what the event told, or something newer.
    Updated(Place),
    /// Nothing was said, and why.
    Skipped(Reason),
}

/// Why nothing was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nobody wants to know this status.
    Status,
    /// No route is for this project.
    Route,
    /// It was said before.
    Duplicate,
    /// Something newer was said before.
    Older,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn has_the_shape_that_is_promised() {
        let place = Place {
            channel: Some("C1".to_owned()),
            ts: None,
        };
        let shape = |answer: Answer| serde_json::to_value(answer).expect("it is JSON");
        assert_eq!(
            shape(Answer::Posted(place.clone())),
            json!({"posted": {"channel": "C1", "ts": null}})
        );
        assert_eq!(
            shape(Answer::Updated(place)),
            json!({"updated": {"channel": "C1", "ts": null}})
        );
        assert_eq!(shape(Answer::Skipped(Reason::Older)), json!({"skipped": "older"}));
    }
}
