//! Formats of access log lines. The variables that a format may use differ between the API types.

use crate::stage::ApiType;

/// API Gateway's limit for REST APIs, in bytes (Developer Guide, Set up CloudWatch logging for REST APIs).
const MAX_BYTES: usize = 3072;
/// Limit for HTTP and WebSocket APIs, in characters (API Gateway V2 API Reference, AccessLogSettings).
const MAX_V2_CHARACTERS: usize = 1024;

const REST: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","#,
    r#""requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","#,
    r#""resourcePath":"$context.resourcePath","status":"$context.status","protocol":"$context.protocol","#,
    r#""responseLength":"$context.responseLength","integrationStatus":"$context.integrationStatus","#,
    r#""integrationLatency":"$context.integrationLatency","userAgent":"$context.identity.userAgent"}"#,
);
/// HTTP APIs know no `resourcePath` (Developer Guide, Customize HTTP API access logs).
const HTTP: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","#,
    r#""requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","#,
    r#""routeKey":"$context.routeKey","path":"$context.path","status":"$context.status","#,
    r#""protocol":"$context.protocol","responseLength":"$context.responseLength","#,
    r#""integrationStatus":"$context.integrationStatus","integrationLatency":"$context.integrationLatency","#,
    r#""integrationErrorMessage":"$context.integrationErrorMessage","userAgent":"$context.identity.userAgent"}"#,
);
/// WebSocket APIs know no method, path or protocol (Developer Guide, Monitor WebSocket API execution).
const WEBSOCKET: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","#,
    r#""requestTime":"$context.requestTime","eventType":"$context.eventType","routeKey":"$context.routeKey","#,
    r#""connectionId":"$context.connectionId","status":"$context.status","#,
    r#""integrationLatency":"$context.integrationLatency","userAgent":"$context.identity.userAgent"}"#,
);

/// One format for each API type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessLogFormats {
    pub(crate) rest: String,
    pub(crate) http: String,
    pub(crate) websocket: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum InvalidFormat {
    #[error("expected at most {MAX_BYTES} bytes, found {0}")]
    TooLong(usize),
    #[error("expected at most {MAX_V2_CHARACTERS} characters, found {0}")]
    TooLongForV2(usize),
    #[error("expected a single line")]
    MultipleLines,
    #[error("expected $context.requestId or $context.extendedRequestId in the format")]
    NoRequestId,
}

impl AccessLogFormats {
    pub(crate) fn of(&self, api_type: ApiType) -> &str {
        match api_type {
            ApiType::Rest => &self.rest,
            ApiType::Http => &self.http,
            ApiType::WebSocket => &self.websocket,
        }
    }
}

/// Returns the format that an API type gets if its variable is not set.
pub(crate) fn default_format(api_type: ApiType) -> String {
    match api_type {
        ApiType::Rest => REST,
        ApiType::Http => HTTP,
        ApiType::WebSocket => WEBSOCKET,
    }
    .to_owned()
}

/// Checks a format up front; API Gateway would reject it only after log groups were created.
pub(crate) fn parse(format: &str, api_type: ApiType) -> Result<String, InvalidFormat> {
    let characters = format.chars().count();
    if api_type != ApiType::Rest && characters > MAX_V2_CHARACTERS {
        return Err(InvalidFormat::TooLongForV2(characters));
    }
    if format.len() > MAX_BYTES {
        return Err(InvalidFormat::TooLong(format.len()));
    }
    if format.contains(['\n', '\r']) {
        return Err(InvalidFormat::MultipleLines);
    }
    if !has_variable(format, "$context.requestId") && !has_variable(format, "$context.extendedRequestId") {
        return Err(InvalidFormat::NoRequestId);
    }
    Ok(format.to_owned())
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

    #[track_caller]
    fn check_default(api_type: ApiType, own: &[&str], unknown: &[&str]) {
        let format = default_format(api_type);
        assert_eq!(parse(&format, api_type).as_ref(), Ok(&format));
        let line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&format).expect("is JSON");
        assert!(own.iter().all(|field| line.contains_key(*field)), "{format}");
        assert!(!unknown.iter().any(|field| line.contains_key(*field)), "{format}");
    }

    #[test]
    fn each_default_has_the_variables_of_its_api_type_only() {
        check_default(
            ApiType::Rest,
            &["resourcePath", "httpMethod"],
            &["routeKey", "path"],
        );
        check_default(
            ApiType::Http,
            &["routeKey", "path", "httpMethod"],
            &["resourcePath"],
        );
        check_default(
            ApiType::WebSocket,
            &["eventType", "routeKey", "connectionId", "status"],
            &[
                "httpMethod",
                "path",
                "resourcePath",
                "protocol",
                "responseLength",
                "integrationStatus",
            ],
        );
    }

    #[test]
    fn rejects_formats_that_api_gateway_would_reject() {
        let rejected = |format: &str| parse(format, ApiType::Rest).expect_err("is rejected");
        assert_eq!(rejected("$context.status"), InvalidFormat::NoRequestId);
        assert_eq!(rejected("$context.requestIdentity"), InvalidFormat::NoRequestId);
        assert_eq!(
            rejected("$context.requestId\n$context.status"),
            InvalidFormat::MultipleLines
        );
        let long = format!("$context.requestId {}", "x".repeat(3054));
        assert_eq!(rejected(&long), InvalidFormat::TooLong(3073));
        assert!(parse("$context.extendedRequestId", ApiType::Rest).is_ok());
        assert!(parse(&long[..3072], ApiType::Rest).is_ok());
    }

    #[test]
    fn http_and_websocket_apis_accept_fewer_characters() {
        let of = |length: usize| format!("$context.requestId{}", "é".repeat(length - 18));
        for api_type in [ApiType::Http, ApiType::WebSocket] {
            assert!(parse(&of(1024), api_type).is_ok());
            assert_eq!(parse(&of(1025), api_type), Err(InvalidFormat::TooLongForV2(1025)));
        }
        assert!(parse(&of(1025), ApiType::Rest).is_ok());
    }
}
