//! Formats of access log lines.

/// API Gateway's limit for REST APIs, in bytes (Developer Guide, Set up CloudWatch logging for REST APIs).
const MAX_BYTES: usize = 3072;
/// Limit for HTTP and WebSocket APIs, in characters (API Gateway V2 API Reference, AccessLogSettings).
const MAX_V2_CHARACTERS: usize = 1024;

const DEFAULT: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","#,
    r#""requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","#,
    r#""resourcePath":"$context.resourcePath","status":"$context.status","protocol":"$context.protocol","#,
    r#""responseLength":"$context.responseLength","integrationStatus":"$context.integrationStatus","#,
    r#""integrationLatency":"$context.integrationLatency","userAgent":"$context.identity.userAgent"}"#,
);

/// A format that API Gateway accepts for REST APIs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessLogFormat(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum InvalidFormat {
    #[error("expected at most {MAX_BYTES} bytes, found {0}")]
    TooLong(usize),
    #[error(
        "HTTP and WebSocket APIs accept an access log format of at most {MAX_V2_CHARACTERS} characters, ACCESS_LOG_FORMAT has {0}"
    )]
    TooLongForV2(usize),
    #[error("expected a single line")]
    MultipleLines,
    #[error("expected $context.requestId or $context.extendedRequestId in the format")]
    NoRequestId,
}

impl AccessLogFormat {
    /// Checks the format up front; API Gateway would reject it only after log groups were created.
    pub(crate) fn parse(format: &str) -> Result<Self, InvalidFormat> {
        if format.len() > MAX_BYTES {
            return Err(InvalidFormat::TooLong(format.len()));
        }
        if format.contains(['\n', '\r']) {
            return Err(InvalidFormat::MultipleLines);
        }
        if !has_variable(format, "$context.requestId") && !has_variable(format, "$context.extendedRequestId")
        {
            return Err(InvalidFormat::NoRequestId);
        }
        Ok(Self(format.to_owned()))
    }

    /// Returns the format for a REST API.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Returns the format for an HTTP or WebSocket API, or an error if it is too long for these.
    pub(crate) fn text_for_v2(&self) -> Result<&str, InvalidFormat> {
        match self.0.chars().count() {
            length if length > MAX_V2_CHARACTERS => Err(InvalidFormat::TooLongForV2(length)),
            _ => Ok(&self.0),
        }
    }
}

impl Default for AccessLogFormat {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

/// Returns true if the format has the variable, and not only a longer name that starts like it.
fn has_variable(format: &str, variable: &str) -> bool {
    format.match_indices(variable).any(|(at, _)| {
        let next = format[at + variable.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_one_line_of_json_that_every_api_type_accepts() {
        let format = AccessLogFormat::default();
        assert_eq!(AccessLogFormat::parse(format.text()), Ok(format.clone()));
        assert_eq!(format.text_for_v2(), Ok(format.text()));
        let line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(format.text()).expect("is JSON");
        assert_eq!(line.len(), 11);
    }

    #[test]
    fn rejects_formats_that_api_gateway_would_reject() {
        let rejected = |format: &str| AccessLogFormat::parse(format).expect_err("is rejected");
        assert_eq!(rejected("$context.status"), InvalidFormat::NoRequestId);
        assert_eq!(rejected("$context.requestIdentity"), InvalidFormat::NoRequestId);
        assert_eq!(
            rejected("$context.requestId\n$context.status"),
            InvalidFormat::MultipleLines
        );
        let long = format!("$context.requestId {}", "x".repeat(3054));
        assert_eq!(rejected(&long), InvalidFormat::TooLong(3073));
        assert!(AccessLogFormat::parse("$context.extendedRequestId").is_ok());
        assert!(AccessLogFormat::parse(&long[..3072]).is_ok());
    }

    #[test]
    fn http_and_websocket_apis_accept_fewer_characters() {
        let of = |length: usize| format!("$context.requestId{}", "é".repeat(length - 18));
        assert!(
            AccessLogFormat::parse(&of(1024))
                .expect("short enough")
                .text_for_v2()
                .is_ok()
        );
        let long = AccessLogFormat::parse(&of(1025)).expect("short enough for REST");
        assert_eq!(long.text_for_v2(), Err(InvalidFormat::TooLongForV2(1025)));
    }
}
