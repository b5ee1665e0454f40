//! What the function knows about its invocation, under the names of the `context` that Lambda gives to Node.js.

use serde::Serialize;
use serde_json::Value;

/// The echoed context. What is not known is left out, as `JSON.stringify` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The function's name.
    pub function_name: String,
    /// `$LATEST`, or a number.
    pub function_version: String,
    /// With the alias or version by which it was called.
    pub invoked_function_arn: String,
    /// In megabytes, as a text: so it is in Node.js.
    #[serde(rename = "memoryLimitInMB")]
    pub memory_limit_in_mb: String,
    /// The request's id, which stands in each line of the log.
    pub aws_request_id: String,
    /// Where this invocation is logged.
    pub log_group_name: String,
    /// Of this environment.
    pub log_stream_name: String,
    /// What `getRemainingTimeInMillis()` would say now.
    pub remaining_time_in_millis: u64,
    /// X-Ray's header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Of a caller with Cognito's credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What a caller of the Invoke API gave in `ClientContext`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_context: Option<Value>,
    /// Of a function with tenant isolation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// A caller with Cognito's credentials.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Who.
    pub cognito_identity_id: String,
    /// Of which pool.
    pub cognito_identity_pool_id: String,
}
