//! Failed requests to TeamCity.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use lambda_core::clock;

#[derive(Debug, thiserror::Error)]
pub(super) enum TeamCityError {
    #[error("TeamCity responded with status {status}{hint}: {message}")]
    Rejected {
        status: u16,
        /// The cause that the message leaves open, in parentheses; perhaps empty.
        hint: String,
        /// The message in the body.
        message: String,
        /// True if the REST API responded, and no proxy or other server.
        is_rest: bool,
        retry_after: Option<Duration>,
    },
    /// TeamCity could not be reached, or its response was lost. The request may have succeeded.
    #[error("no response from TeamCity: {0}")]
    NoResponse(String),
    /// The response has the status 200 and is not JSON of the REST API, perhaps a proxy's page.
    #[error(
        "unexpected response from {address}, TEAMCITY_URL may lead to another server or a login page: {message}"
    )]
    UnexpectedBody { address: String, message: String },
    #[error(
        "could not set up a request, TEAMCITY_TOKEN may hold characters that no HTTP header can have: {0}"
    )]
    BadRequest(String),
    #[error("the deadline left no time for a request to TeamCity")]
    NoTimeLeft,
    #[error("could not read the token for TeamCity: {0:#}")]
    NoToken(anyhow::Error),
}

/// The prospects of an upload that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// A later attempt may succeed by itself.
    Transient,
    /// Later attempts succeed after a change of the settings or of the token. Other uploads fail too until then.
    Repairable,
    /// Every later attempt with the same routes fails.
    Permanent,
}

impl TeamCityError {
    /// Returns a rejection with the wait that its response has requested.
    pub(super) fn after(mut self, wait: Option<Duration>) -> Self {
        if let Self::Rejected { retry_after, .. } = &mut self {
            *retry_after = wait;
        }
        self
    }

    pub(super) fn kind(&self) -> FailureKind {
        match self {
            _ if self.is_transient() => FailureKind::Transient,
            Self::NoTimeLeft => FailureKind::Transient,
            Self::Rejected {
                status: 400 | 404,
                is_rest: true,
                ..
            } => FailureKind::Permanent,
            _ => FailureKind::Repairable,
        }
    }

    /// Reports whether a retry may succeed.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Rejected { status, message, .. } => {
                // Behind a load balancer, the next request may reach a node that is allowed to do it.
                let is_wrong_node = *status == 400 && message.contains("node is not allowed");
                matches!(status, 408 | 409 | 429 | 500..) || is_wrong_node
            }
            Self::NoResponse(_) => true,
            Self::UnexpectedBody { .. } | Self::BadRequest(_) | Self::NoTimeLeft | Self::NoToken(_) => false,
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

    pub(super) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Rejected { status: 403, .. })
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
        let is_own = error.is_builder();
        // The alternate form has the causes: reqwest's own message is only "error sending request".
        let message = format!("{:#}", anyhow::Error::from(error.without_url()));
        match is_own {
            true => Self::BadRequest(message),
            false => Self::NoResponse(message),
        }
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

    fn rejected(status: u16, message: &str, is_rest: bool) -> TeamCityError {
        TeamCityError::Rejected {
            status,
            hint: String::new(),
            message: message.to_owned(),
            is_rest,
            retry_after: None,
        }
    }

    #[test]
    fn transient_statuses_are_retried() {
        for status in [409, 429, 500, 502, 503, 504] {
            assert!(rejected(status, "no", true).is_transient(), "{status}");
        }
        for status in [302, 400, 401, 403, 404, 406, 415] {
            assert!(!rejected(status, "no", true).is_transient(), "{status}");
        }
        assert!(TeamCityError::NoResponse(String::new()).is_transient());
        let node = "This TeamCity node is not allowed to perform this action.";
        assert!(rejected(400, node, true).is_transient());
    }

    #[test]
    fn only_the_rest_apis_400_and_404_are_permanent() {
        for status in [400, 404] {
            assert_eq!(rejected(status, "no", true).kind(), FailureKind::Permanent);
            assert_eq!(rejected(status, "no", false).kind(), FailureKind::Repairable);
        }
        for status in [302, 401, 403] {
            assert_eq!(rejected(status, "no", true).kind(), FailureKind::Repairable);
        }
        assert_eq!(rejected(503, "no", false).kind(), FailureKind::Transient);
        assert_eq!(TeamCityError::NoTimeLeft.kind(), FailureKind::Transient);
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
