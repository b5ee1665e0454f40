//! What a handler knows about the call that it answers.

pub use lambda_runtime::Context;

use crate::deadline::Deadline;

/// One invocation of the function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's request id; AWS keeps it when it retries an asynchronous event.
    pub request_id: String,
    /// The ARN by which the function was called, with the alias or version if there was one: what to
    /// call in order to go on as the same function.
    pub function_arn: String,
    /// The function's name, for metrics.
    pub function_name: String,
    /// When Lambda will end the invocation.
    pub deadline: Deadline,
    /// All that the runtime knows, for whoever needs more than the above.
    pub context: Context,
}
