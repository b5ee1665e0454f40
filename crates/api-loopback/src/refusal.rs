//! An answer that is no echo.

use serde::Serialize;
use std::fmt;

/// A status and why. As an error its text is JSON, `{"status":404,"message":"…"}`: the pattern of a non-proxy
/// integration finds it by its beginning, and its template takes the status from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Refusal {
    /// Of HTTP.
    pub status: u16,
    /// What was expected. Never what came.
    pub message: String,
}

impl Refusal {
    /// The request cannot be fulfilled as it is.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `infra/openapi.yaml` looks for this beginning, in one line.
    #[test]
    fn begins_with_its_status_and_is_one_line_of_json() {
        let refusal = Refusal::bad_request("two\nlines, \"quoted\"");
        assert_eq!(
            refusal.to_string(),
            r#"{"status":400,"message":"two\nlines, \"quoted\""}"#
        );
    }
}
