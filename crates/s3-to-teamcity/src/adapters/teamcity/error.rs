//! Failed requests to TeamCity.

use jiff::fmt::rfc2822::DateTimeParser;
use lambda_core::clock;
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub(super) enum TeamCityError {
    #[error("TeamCity responded with status {status}{}: {message}", hint(*.status))]
    Rejected {
        status: u16,
        /// The message in the body.
        message: String,
        retry_after: Option<Duration>,
    },
    /// TeamCity could not be reached, or its response was lost. The request may have succeeded.
    #[error("no response from TeamCity: {0}")]
    NoResponse(String),
    /// The response has the status 200 and is not JSON of the REST API, perhaps a proxy's page.
    #[error("unexpected response, TEAMCITY_URL may lead to another server or a login page: {0}")]
    UnexpectedBody(String),
    #[error("the deadline left no time for a request to TeamCity")]
    NoTimeLeft,
    #[error("could not read the token for TeamCity: {0:#}")]
    NoToken(anyhow::Error),
}

impl TeamCityError {
    /// Reports whether a retry may succeed.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Rejected { status, .. } => matches!(status, 408 | 409 | 429 | 500..),
            Self::NoResponse(_) => true,
            Self::UnexpectedBody(_) | Self::NoTimeLeft | Self::NoToken(_) => false,
        }
    }

    /// Reports whether TeamCity may have carried out the request nevertheless.
    pub(super) fn may_have_succeeded(&self) -> bool {
        matches!(
            self,
            Self::NoResponse(_)
                | Self::Rejected {
                    status: 408 | 500..,
                    ..
                }
        )
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Rejected { status: 401, .. })
    }

    /// Reports whether the resource does not exist, or is hidden from this token.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Rejected { status: 404, .. })
    }

    /// Returns the delay that TeamCity requested.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rejected { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for TeamCityError {
    fn from(error: reqwest::Error) -> Self {
        // The alternate form has the causes: reqwest's own message is only "error sending request".
        Self::NoResponse(format!("{:#}", anyhow::Error::from(error.without_url())))
    }
}

/// Returns the cause that TeamCity's message leaves open.
fn hint(status: u16) -> &'static str {
    match status {
        401 => " (the token is not valid)",
        403 => " (the token lacks a permission)",
        404 => " (the build configuration does not exist, or the token may not see it)",
        _ => "",
    }
}

/// Parses the header `Retry-After`, which is a number of seconds or a date.
pub(super) fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    Some(at.duration_since(clock::now()).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(status: u16) -> TeamCityError {
        TeamCityError::Rejected {
            status,
            message: "no".to_owned(),
            retry_after: None,
        }
    }

    #[test]
    fn transient_statuses_are_retried() {
        for status in [409, 429, 500, 502, 503, 504] {
            assert!(rejected(status).is_transient(), "{status}");
        }
        for status in [302, 400, 401, 403, 404, 406, 415] {
            assert!(!rejected(status).is_transient(), "{status}");
        }
        assert!(TeamCityError::NoResponse(String::new()).is_transient());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        let far = retry_after("Tue, 31 Dec 2999 23:59:59 GMT").expect("a date");
        assert!(far > Duration::from_secs(1_000_000_000), "{far:?}");
        assert_eq!(retry_after("soon"), None);
    }
}
