use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

/// Invocation type of the Invoke API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationType {
    /// Synchronous: the caller waits; Lambda does not retry.
    RequestResponse,
    /// Asynchronous: accepted at once; Lambda retries.
    Event,
}

/// One attempt of an invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Request id, which all attempts of an event share.
    pub request_id: String,
    /// Function name.
    pub function: String,
    /// Payload.
    pub payload: Value,
    /// Invocation type.
    pub invocation_type: InvocationType,
    /// Number of the attempt; the first is 1.
    pub attempt: u32,
    /// Process of the environment; `None` if no environment started.
    pub pid: Option<u32>,
    /// Start of the attempt, before the start of a new environment.
    pub started: SystemTime,
    /// Moment at which the function received the event. Its timeout begins here; a cold start is over.
    pub received: Option<SystemTime>,
    /// End of the attempt.
    pub ended: Option<SystemTime>,
    /// Outcome; `None` while it runs.
    pub outcome: Option<Outcome>,
}

/// Outcome of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Response of the function.
    Response(Value),
    /// Error of the function: `{"errorType","errorMessage"}`.
    Error(Value),
    /// Killed at the deadline.
    TimedOut(Duration),
    /// Process ended during the invocation. The text is Lambda's: `exit status 1`, `signal: killed`.
    Crashed(String),
    /// Environment failed to start.
    InitFailed(Value),
}

/// Environment at the moment of its kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Victim {
    /// Environment that had not asked for an event yet.
    InInit,
    /// Environment that worked on the request with this id.
    AtWork(String),
    /// Environment that waited for the next event.
    Idle,
}

impl Outcome {
    /// Returns whether the function responded.
    pub fn is_response(&self) -> bool {
        matches!(self, Self::Response(_))
    }

    /// Returns the response.
    ///
    /// # Errors
    /// Fails with any other outcome.
    pub fn into_response(self) -> anyhow::Result<Value> {
        match self {
            Self::Response(value) => Ok(value),
            other => anyhow::bail!("the function did not respond: {other:?}"),
        }
    }

    /// Returns Lambda's error body for the caller; `None` for a response.
    pub(crate) fn error_body(&self, request_id: &str) -> Option<Value> {
        let error = |error_type: &str, text: String| json!({"errorType": error_type, "errorMessage": format!("RequestId: {request_id} Error: {text}")});
        match self {
            Self::Response(_) => None,
            Self::Error(body) | Self::InitFailed(body) => Some(body.clone()),
            Self::TimedOut(timeout) => Some(error(
                "Sandbox.Timedout",
                format!("Task timed out after {:.2} seconds", timeout.as_secs_f64()),
            )),
            Self::Crashed(status) => Some(error(
                "Runtime.ExitError",
                format!("Runtime exited with error: {status}"),
            )),
        }
    }
}
