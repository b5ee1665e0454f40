use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::invocation::InvocationType;

/// Call of the Invoke API before it takes effect.
#[derive(Debug, Clone)]
pub struct InvokeCall {
    /// Number of the call since the emulator's start; the first is 1.
    pub number: usize,
    /// Name of the called function.
    pub function: String,
    /// Payload.
    pub payload: Value,
    /// Invocation type.
    pub invocation_type: InvocationType,
    /// Name of the calling function, if a function calls; its credentials tell, as in AWS.
    pub caller: Option<String>,
    /// Request id of the caller's own invocation.
    pub caller_request_id: Option<String>,
}

/// Effect of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Delivers the call, as AWS does without a disturbance.
    Deliver,
    /// Delivers an event to two environments at the same moment, with the same request id.
    DeliverTwice,
    /// Delivers an event as two requests, like a caller that retries after a lost response.
    DeliverTwiceAsTwoRequests,
    /// Accepts an event and never delivers it; any other call finds the connection closed.
    Drop,
    /// Delivers the call and closes the connection without a response: the caller cannot know the outcome.
    LoseResponse,
    /// Refuses the call.
    Refuse(Refusal),
    /// Delivers the call and kills the calling environment.
    KillCallerAfter,
    /// Kills the calling environment; the call has no effect.
    KillCallerBefore,
    /// Accepts an event and delivers it after [`super::LambdaEmulator::release`]; any other call waits for that.
    Hold,
}

/// Refusal of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 429 `TooManyRequestsException`.
    Throttled,
    /// 500 `ServiceException`.
    ServiceError,
    /// Closed connection.
    Closed,
    /// Any other: status, `x-amzn-errortype` and message.
    Other(u16, String, String),
}

/// Test's function that decides over each call. An `Arc`, because it runs outside of the lock.
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
