//! Logs as the runtime's own subscriber writes them.

/// Starts logging to standard output: JSON where `AWS_LAMBDA_LOG_FORMAT` says so, as the function's
/// logging configuration sets it, with the request id in each line.
///
/// The SDKs' own chatter stays out: what they do is said by the errors that they return.
pub fn init() {
    lambda_runtime::tracing::init_default_subscriber();
}
