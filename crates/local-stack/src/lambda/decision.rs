use std::{fmt, sync::Arc};

use serde_json::Value;

use super::invocation::Kind;

/// A call of the Invoke API, as a test sees it before it takes effect.
#[derive(Debug, Clone)]
pub struct InvokeCall {
    /// 1 for the first call since the emulator's start.
    pub number: usize,
    /// The function called.
    pub function: String,
    /// What it is to be given.
    pub payload: Value,
    /// How it is called.
    pub kind: Kind,
    /// The function that calls, if one does: known by its credentials, as in AWS.
    pub caller: Option<String>,
    /// The request on which the caller is working.
    pub caller_request_id: Option<String>,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// What AWS does on a good day.
    Deliver,
    /// An event reaches two environments at the same moment with the same request id.
    DeliverTwice,
    /// An event is accepted twice, as two requests: what a caller's retry after a lost answer brings.
    DeliverTwiceAsTwoRequests,
    /// An event is accepted and never delivered; any other call finds the connection closed.
    Drop,
    /// Delivered, but the connection is closed without an answer: the caller cannot know.
    LoseAnswer,
    /// Not accepted.
    Refuse(Refusal),
    /// The calling environment is killed, and the call delivered all the same.
    KillCallerAfter,
    /// The calling environment is killed, and the call comes to nothing.
    KillCallerBefore,
    /// An event is accepted but delivered only after [`super::Emulator::release`]; any other call waits for
    /// that.
    Hold,
}

/// How a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 429 `TooManyRequestsException`.
    Throttled,
    /// 500 `ServiceException`.
    ServiceError,
    /// The connection is closed.
    Closed,
    /// Any other: status, `x-amzn-errortype` and message.
    Other(u16, String, String),
}

/// Decides over each call. `Arc`, because it is called outside the lock.
#[derive(Clone)]
pub(super) struct Decider(Arc<dyn Fn(&InvokeCall) -> Decision + Send + Sync>);

impl Decider {
    pub(super) fn new(decide: impl Fn(&InvokeCall) -> Decision + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }

    pub(super) fn decide(&self, call: &InvokeCall) -> Decision {
        (self.0)(call)
    }
}

impl Default for Decider {
    fn default() -> Self {
        Self::new(|_| Decision::Deliver)
    }
}

impl fmt::Debug for Decider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Decider")
    }
}
