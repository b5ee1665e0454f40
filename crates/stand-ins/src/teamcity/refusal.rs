use hyper::StatusCode;
use local_stack::http::{Response, response};
use serde_json::json;

/// Format of errors. TeamCity has all three: the part that fails decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `{"errors":[…]}`
    Json,
    /// `<errors><error>…`
    Xml,
    /// `text/plain`
    Text,
}

/// Error response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// Plain text in every format: the error comes from a layer in front of the REST API.
    pub(super) is_plain: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            is_plain: false,
        }
    }

    pub(super) fn plain(status: StatusCode, message: &str) -> Self {
        Self {
            is_plain: true,
            ..Self::new(status, message)
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn response(&self, format: ErrorFormat) -> Response {
        let code = self.status.as_u16();
        let reason = self.status.canonical_reason().unwrap_or_default();
        let status_text = format!("Responding with error, status code: {code} ({reason}).");
        let message = &self.message;
        let (kind, body) = match (self.is_plain, format) {
            (true, _) => ("text/plain", message.clone()),
            (false, ErrorFormat::Text) => ("text/plain", format!("{status_text}\nDetails: {message}")),
            (false, ErrorFormat::Xml) => ("application/xml", xml(message, &status_text)),
            (false, ErrorFormat::Json) => {
                let error = json!({"message": message, "additionalMessage": "", "statusText": status_text});
                ("application/json", json!({"errors": [error]}).to_string())
            }
        };
        response(code, &[("content-type", kind)], body)
    }
}

fn xml(message: &str, status_text: &str) -> String {
    let message = message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <errors><error><message>{message}</message><statusText>{status_text}</statusText></error></errors>"
    )
}
