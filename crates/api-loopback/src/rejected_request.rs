//! Requests that get an error instead of an echo.

use std::fmt;

use serde::Serialize;

/// Status and message of a rejected request. As an error it is JSON, `{"status":404,"message":"…"}`: a non-proxy
/// integration recognises it by its start, and its template takes the status from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub(crate) struct RejectedRequest {
    pub(crate) status: u16,
    /// Text that states the expected value, never the received one.
    pub(crate) message: String,
}

impl RejectedRequest {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }
}

impl fmt::Display for RejectedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openapi.yaml` matches this start, within one line.
    #[test]
    fn is_one_line_of_json_that_starts_with_the_status() {
        let rejected = RejectedRequest::bad_request("two\nlines, \"quoted\"");
        assert_eq!(
            rejected.to_string(),
            r#"{"status":400,"message":"two\nlines, \"quoted\""}"#
        );
    }
}
