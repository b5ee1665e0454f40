//! The JSON that the function returns: the echo alone, or an HTTP response with the echo as its body.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::echo::{Echo, json_length};
use crate::event::HeaderForm;
use crate::rejected_request::RejectedRequest;

/// Lambda's limit for a response, in bytes. Source: "Lambda quotas" in the Lambda Developer Guide (6 MB), and the number
/// in the service's error `Function.ResponseSizeTooLarge`.
const MAX_BYTES: usize = 6_291_556;

/// Headers of every HTTP response. The wildcard for allowed headers does not cover `Authorization`.
const HEADERS: [(&str, &str); 6] = [
    ("Content-Type", "application/json"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "*,Authorization"),
    (
        "Access-Control-Allow-Methods",
        "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS",
    ),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
];

/// Response to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FunctionResponse {
    /// Response to a plain invocation and to a non-proxy integration.
    Echo(Box<Echo>),
    /// Response to a proxy integration.
    Http(HttpResponse),
}

/// Response to a proxy integration, in both payload formats.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpResponse {
    status_code: u16,
    #[serde(flatten)]
    headers: Headers,
    is_base64_encoded: bool,
    body: String,
}

/// Headers, in the field that the integration reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Headers {
    Headers(BTreeMap<&'static str, &'static str>),
    MultiValueHeaders(BTreeMap<&'static str, [&'static str; 1]>),
}

impl Headers {
    fn new(form: HeaderForm) -> Self {
        match form {
            HeaderForm::Single => Self::Headers(HEADERS.into()),
            HeaderForm::Lists => Self::MultiValueHeaders(HEADERS.map(|(name, value)| (name, [value])).into()),
        }
    }
}

impl HttpResponse {
    /// Builds a response with the echo as its body; 204 and 304 have no body.
    pub(crate) fn echo(status: u16, form: HeaderForm, echo: &Echo) -> serde_json::Result<Self> {
        let body = match status {
            204 | 304 => String::new(),
            _ => serde_json::to_string(echo)?,
        };
        Ok(Self::new(status, form, body))
    }

    /// Builds the response to a rejected request.
    pub(crate) fn rejection(form: HeaderForm, rejected: &RejectedRequest) -> Self {
        Self::new(rejected.status, form, rejected.to_string())
    }

    fn new(status: u16, form: HeaderForm, body: String) -> Self {
        Self {
            status_code: status,
            headers: Headers::new(form),
            is_base64_encoded: false,
            body,
        }
    }
}

impl FunctionResponse {
    /// Rejects the request if the response is longer than Lambda allows. Lambda's own error would not name the cause.
    pub(crate) fn within_limit(self) -> anyhow::Result<Self> {
        let length = json_length(&self)?;
        if length > MAX_BYTES {
            return Err(RejectedRequest {
                status: 413,
                message: format!("the echo is {length} bytes long, expected at most {MAX_BYTES}: send less"),
            }
            .into());
        }
        Ok(self)
    }
}
