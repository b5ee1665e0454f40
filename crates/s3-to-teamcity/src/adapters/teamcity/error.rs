//! What can go wrong with TeamCity, and whether to try again.

use jiff::fmt::rfc2822::DateTimeParser;
use lambda_core::clock;
use std::time::Duration;

/// A request to TeamCity that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum TeamCityError {
    /// TeamCity said no.
    #[error("TeamCity answered {status}{}: {message}", hint(*.status))]
    Refused {
        /// Of HTTP.
        status: u16,
        /// In TeamCity's own words.
        message: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// TeamCity could not be reached, or its answer was lost on the way: what was asked may be done.
    #[error("no answer from TeamCity: {0}")]
    NoAnswer(String),
    /// An answer that TeamCity's REST API does not give; a proxy's page perhaps.
    #[error("TeamCity's answer is none of its REST API: {0}")]
    Strange(String),
    /// The invocation's end is too near.
    #[error("no time was left for TeamCity")]
    NoTimeLeft,
    /// There is no token to ask with.
    #[error("no token for TeamCity: {0:#}")]
    NoToken(anyhow::Error),
}

impl TeamCityError {
    /// Whether asking again later may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 408 | 409 | 429 | 500..),
            Self::NoAnswer(_) => true,
            Self::Strange(_) | Self::NoTimeLeft | Self::NoToken(_) => false,
        }
    }

    /// Whether what was asked may have been done all the same.
    pub fn is_ambiguous(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer(_)
                | Self::Refused {
                    status: 408 | 500..,
                    ..
                }
        )
    }

    /// Whether the token is not, or no longer, valid.
    pub fn is_refused_token(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// Whether there is no such thing, or not for this token.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// When TeamCity wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for TeamCityError {
    fn from(error: reqwest::Error) -> Self {
        // The alternate form has the causes: reqwest alone says only "error sending request".
        Self::NoAnswer(format!("{:#}", anyhow::Error::from(error.without_url())))
    }
}

/// What TeamCity's words leave open.
fn hint(status: u16) -> &'static str {
    match status {
        401 => " (the token is not valid)",
        403 => " (the token lacks a permission)",
        404 => " (there is no such build configuration, or the token may not see it)",
        _ => "",
    }
}

/// The header `Retry-After`: seconds, or a date.
pub fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    Some(at.duration_since(clock::now()).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> TeamCityError {
        TeamCityError::Refused {
            status,
            message: "no".to_owned(),
            retry_after: None,
        }
    }

    #[test]
    fn tries_again_what_may_pass() {
        for status in [409, 429, 500, 502, 503, 504] {
            assert!(refused(status).is_passing(), "{status}");
        }
        for status in [302, 400, 401, 403, 404, 406, 415] {
            assert!(!refused(status).is_passing(), "{status}");
        }
        assert!(TeamCityError::NoAnswer(String::new()).is_passing());
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
