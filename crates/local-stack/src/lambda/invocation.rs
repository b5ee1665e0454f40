use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

/// How a function was invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `RequestResponse`: the caller waits, and nothing is tried again.
    RequestResponse,
    /// `Event`: accepted at once, tried again.
    Event,
}

/// One attempt at one invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The same for all attempts of an event.
    pub request_id: String,
    /// The function's name.
    pub function: String,
    /// What it was given.
    pub payload: Value,
    /// How it was invoked.
    pub kind: Kind,
    /// 1 for the first.
    pub attempt: u32,
    /// The process that worked on it; `None` where none came to be.
    pub pid: Option<u32>,
    /// When the attempt began, with the start of an environment if it needed one.
    pub started: SystemTime,
    /// When the function took it: from here its time runs, and up to here a cold environment was starting.
    pub taken: Option<SystemTime>,
    /// When it ended.
    pub ended: Option<SystemTime>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Outcome>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The function's answer.
    Answer(Value),
    /// The function's own error: `{"errorType","errorMessage"}`.
    Error(Value),
    /// It was killed at its deadline.
    TimedOut(Duration),
    /// Its process ended midway; how, in Lambda's words (`exit status 1`, `signal: killed`).
    Crashed(String),
    /// The environment did not come up.
    InitFailed(Value),
}

impl Outcome {
    /// Whether the function answered.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }

    /// The answer, or what went wrong as an error.
    pub fn answer(self) -> anyhow::Result<Value> {
        match self {
            Self::Answer(value) => Ok(value),
            other => anyhow::bail!("the function did not answer: {other:?}"),
        }
    }

    /// What the caller is told instead of an answer, in Lambda's form.
    pub(crate) fn error_body(&self, request_id: &str) -> Option<Value> {
        let error = |kind: &str, text: String| json!({"errorType": kind, "errorMessage": format!("RequestId: {request_id} Error: {text}")});
        match self {
            Self::Answer(_) => None,
            Self::Error(body) | Self::InitFailed(body) => Some(body.clone()),
            Self::TimedOut(timeout) => Some(error(
                "Sandbox.Timedout",
                format!("Task timed out after {:.2} seconds", timeout.as_secs_f64()),
            )),
            Self::Crashed(how) => Some(error(
                "Runtime.ExitError",
                format!("Runtime exited with error: {how}"),
            )),
        }
    }
}
