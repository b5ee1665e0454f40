//! Clients of API Gateway, CloudWatch Logs, IAM and SNS.

pub(crate) mod api_gateway;
pub(crate) mod api_gateway_v2;
pub(crate) mod iam;
pub(crate) mod log_delivery;
pub(crate) mod logs;
pub(crate) mod requests;
pub(crate) mod topic;

use std::collections::HashMap;

fn tag_keys(tags: Option<HashMap<String, String>>) -> Vec<String> {
    tags.unwrap_or_default().into_keys().collect()
}

/// API Gateway returns an empty text for a setting that was removed.
fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
