//! The circumstances of one invocation.

pub use lambda_runtime::Context;

use crate::deadline::Deadline;

/// One invocation of the function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's request id. The retries of an asynchronous event keep it.
    pub request_id: String,
    /// The ARN that the caller used, with its alias or version. A function that invokes itself uses it too, and so
    /// stays on the same version.
    pub function_arn: String,
    /// The function's name, the dimension of its metrics.
    pub function_name: String,
    /// The moment at which Lambda ends the invocation.
    pub deadline: Deadline,
    /// The runtime's own context, with every other detail.
    pub context: Context,
}
