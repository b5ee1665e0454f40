use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode, header};
use serde_json::json;

use local_stack::http::Answer;

/// In what form errors are said. TeamCity has all three, depending on which of its parts answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `{"errors":[…]}`
    Json,
    /// `<errors><error>…`
    Xml,
    /// `text/plain`
    Text,
}

/// A request that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// Said as text whatever the form: what answers so lies in front of the REST API.
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

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn answer(&self, format: ErrorFormat) -> Answer {
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
        let mut answer = Response::new(Full::new(Bytes::from(body)));
        *answer.status_mut() = self.status;
        answer
            .headers_mut()
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        answer
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
