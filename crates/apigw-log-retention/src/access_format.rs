//! How a line of the access log looks.

/// API Gateway's limit for REST APIs, in bytes (Developer Guide, Set up CloudWatch logging for REST APIs).
const LONGEST: usize = 3072;
/// The limit for HTTP and WebSocket APIs, in characters (API Gateway V2 API Reference, AccessLogSettings).
const LONGEST_V2: usize = 1024;

const DEFAULT: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","#,
    r#""requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","#,
    r#""resourcePath":"$context.resourcePath","status":"$context.status","protocol":"$context.protocol","#,
    r#""responseLength":"$context.responseLength","integrationStatus":"$context.integrationStatus","#,
    r#""integrationLatency":"$context.integrationLatency","userAgent":"$context.identity.userAgent"}"#,
);

/// An access log format that API Gateway takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessFormat(String);

/// Why API Gateway would refuse a format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidFormat {
    /// Longer than any API takes.
    #[error("expected at most {LONGEST} bytes, it has {0}")]
    TooLong(usize),
    /// Longer than HTTP and WebSocket APIs take.
    #[error(
        "HTTP and WebSocket APIs take an access log format of at most {LONGEST_V2} characters, ACCESS_LOG_FORMAT has {0}"
    )]
    TooLongForV2(usize),
    /// More than one line.
    #[error("expected a single line")]
    Lines,
    /// Without the request's id.
    #[error("expected $context.requestId or $context.extendedRequestId in it")]
    NoRequestId,
}

impl AccessFormat {
    /// Checks what API Gateway would refuse only in the middle of the work.
    ///
    /// # Errors
    /// [`InvalidFormat`].
    pub fn parse(format: &str) -> Result<Self, InvalidFormat> {
        if format.len() > LONGEST {
            return Err(InvalidFormat::TooLong(format.len()));
        }
        if format.contains(['\n', '\r']) {
            return Err(InvalidFormat::Lines);
        }
        if !names(format, "$context.requestId") && !names(format, "$context.extendedRequestId") {
            return Err(InvalidFormat::NoRequestId);
        }
        Ok(Self(format.to_owned()))
    }

    /// The format's text, for a REST API.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The format's text, for an HTTP or WebSocket API.
    ///
    /// # Errors
    /// Where it is too long for these.
    pub fn text_for_v2(&self) -> Result<&str, InvalidFormat> {
        match self.0.chars().count() {
            length if length > LONGEST_V2 => Err(InvalidFormat::TooLongForV2(length)),
            _ => Ok(&self.0),
        }
    }
}

impl Default for AccessFormat {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

/// Whether the variable stands there, and not one whose name only begins like it.
fn names(format: &str, variable: &str) -> bool {
    format.match_indices(variable).any(|(at, _)| {
        let next = format[at + variable.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_one_line_of_json_that_every_kind_of_api_takes() {
        let format = AccessFormat::default();
        assert_eq!(AccessFormat::parse(format.text()), Ok(format.clone()));
        assert_eq!(format.text_for_v2(), Ok(format.text()));
        let line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(format.text()).expect("is JSON");
        assert_eq!(line.len(), 11);
    }

    #[test]
    fn refuses_what_api_gateway_would_refuse() {
        let refused = |format: &str| AccessFormat::parse(format).expect_err("is refused");
        assert_eq!(refused("$context.status"), InvalidFormat::NoRequestId);
        assert_eq!(refused("$context.requestIdentity"), InvalidFormat::NoRequestId);
        assert_eq!(
            refused("$context.requestId\n$context.status"),
            InvalidFormat::Lines
        );
        let long = format!("$context.requestId {}", "x".repeat(3054));
        assert_eq!(refused(&long), InvalidFormat::TooLong(3073));
        assert!(AccessFormat::parse("$context.extendedRequestId").is_ok());
        assert!(AccessFormat::parse(&long[..3072]).is_ok());
    }

    #[test]
    fn is_shorter_for_http_and_websocket_apis() {
        let of = |length: usize| format!("$context.requestId{}", "é".repeat(length - 18));
        assert!(
            AccessFormat::parse(&of(1024))
                .expect("short enough")
                .text_for_v2()
                .is_ok()
        );
        let long = AccessFormat::parse(&of(1025)).expect("short enough for REST");
        assert_eq!(long.text_for_v2(), Err(InvalidFormat::TooLongForV2(1025)));
    }
}
