//! The invocation's context, under the names of the `context` that Lambda gives to Node.js.

use serde::Serialize;
use serde_json::value::RawValue;

/// Echoed context. Unknown values are left out, as `JSON.stringify` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Context {
    pub(crate) function_name: String,
    /// `$LATEST` or a number.
    pub(crate) function_version: String,
    /// ARN with the alias or version that the caller named.
    pub(crate) invoked_function_arn: String,
    /// Memory in megabytes; a text, as in Node.js.
    #[serde(rename = "memoryLimitInMB")]
    pub(crate) memory_limit_in_mb: String,
    pub(crate) aws_request_id: String,
    pub(crate) log_group_name: String,
    pub(crate) log_stream_name: String,
    /// Value that `getRemainingTimeInMillis()` would return now.
    pub(crate) remaining_time_in_millis: u64,
    /// Value of `X-Amzn-Trace-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<Identity>,
    /// `ClientContext` of a call of the Invoke API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_context: Option<Box<RawValue>>,
    /// Tenant, if the function has tenant isolation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_id: Option<String>,
}

/// A caller with credentials of Amazon Cognito.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) cognito_identity_id: String,
    pub(crate) cognito_identity_pool_id: String,
}
