//! Clients of API Gateway and CloudWatch Logs.

pub(crate) mod api_gateway;
pub(crate) mod api_gateway_v2;
pub(crate) mod logs;
pub(crate) mod requests;

use std::collections::HashMap;

fn tag_keys(tags: Option<HashMap<String, String>>) -> Vec<String> {
    tags.unwrap_or_default().into_keys().collect()
}

/// API Gateway returns an empty text for a setting that was removed.
fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
