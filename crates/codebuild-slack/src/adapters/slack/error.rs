//! What can go wrong with Slack, whether to try again, and what to do.

use std::time::Duration;

/// A request to Slack that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum SlackError {
    /// Slack said no.
    #[error("Slack refused it: {code}{}{}", listed(.details), advice(.code, *.is_webhook))]
    Refused {
        /// Of HTTP; Slack's Web API says no with 200.
        status: u16,
        /// Slack's word for it.
        code: String,
        /// What Slack says about it.
        details: Vec<String>,
        /// Whether it was a webhook that said so.
        is_webhook: bool,
    },
    /// Too many requests, or Slack is not well.
    #[error("Slack answered {status}{}", .retry_after.map_or_else(String::new, |after| format!(" and wants to be asked again after {} s", after.as_secs())))]
    Busy {
        /// Of HTTP.
        status: u16,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Its answer was lost on the way: what was asked may be done.
    #[error("no answer from Slack: {0}")]
    NoAnswer(String),
    /// Slack could not be reached: nothing was sent.
    #[error("no answer from Slack: {0}")]
    NotReached(String),
    /// An answer that Slack does not give; a proxy's page perhaps.
    #[error("Slack's answer is none of its API: {0}")]
    Strange(String),
    /// The invocation's end, or the lease's, is too near.
    #[error("no time was left for Slack")]
    NoTimeLeft,
    /// There is no token or address to ask with.
    #[error("no secret for Slack: {0:#}")]
    NoSecret(anyhow::Error),
}

/// Codes that mean "later".
const PASSING: [&str; 7] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "rollup_error",
];

/// Codes that mean "not with this token".
const REFUSED_TOKEN: [&str; 5] = [
    "invalid_auth",
    "token_revoked",
    "token_expired",
    "not_authed",
    "account_inactive",
];

/// Codes that mean "this message cannot be changed any more".
const GONE: [&str; 4] = [
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "thread_not_found",
];

impl SlackError {
    /// Whether asking again later may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::NoAnswer(_) | Self::NotReached(_) => true,
            Self::Refused { code, .. } => PASSING.contains(&code.as_str()),
            Self::Strange(_) | Self::NoTimeLeft | Self::NoSecret(_) => false,
        }
    }

    /// Whether what was asked may have been done all the same.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Busy { status, .. } => *status >= 500,
            Self::Refused { code, .. } => ["internal_error", "fatal_error"].contains(&code.as_str()),
            _ => false,
        }
    }

    /// Whether the token or the address is not, or no longer, valid.
    pub fn is_refused_secret(&self) -> bool {
        match self {
            Self::Refused {
                status: 403 | 404,
                is_webhook: true,
                ..
            }
            | Self::Refused {
                status: 401,
                is_webhook: false,
                ..
            } => true,
            Self::Refused {
                code,
                is_webhook: false,
                ..
            } => REFUSED_TOKEN.contains(&code.as_str()),
            _ => false,
        }
    }

    /// Whether the message is too old to be changed, or not there any more.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if GONE.contains(&code.as_str()))
    }

    /// When Slack wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for SlackError {
    fn from(error: reqwest::Error) -> Self {
        // Without the address: a webhook's is a secret. The alternate form has the causes.
        let is_from_secret = error.is_builder();
        let was_sent = !error.is_connect();
        let error = anyhow::Error::from(error.without_url());
        if is_from_secret {
            // All else of a request is ours.
            return Self::NoSecret(error.context("what it holds is no token or address that can be sent"));
        }
        match was_sent {
            true => Self::NoAnswer(format!("{error:#}")),
            false => Self::NotReached(format!("{error:#}")),
        }
    }
}

fn listed(details: &[String]) -> String {
    match details.is_empty() {
        true => String::new(),
        false => format!(" ({})", details.join("; ")),
    }
}

/// What to do about it.
fn advice(code: &str, is_webhook: bool) -> &'static str {
    match code {
        "no_service" | "no_team" | "invalid_token" | "no_active_hooks" => {
            ": the webhook is gone; add a new one in the app's settings and give its address in SLACK_WEBHOOK_URL"
        }
        "channel_is_archived" | "is_archived" => ": the channel is archived; choose another one",
        "action_prohibited" | "restricted_action" | "posting_to_general_channel_denied" => {
            ": the workspace's settings do not let the app post there; ask its administrator"
        }
        "channel_not_found" if is_webhook => ": the webhook's channel is gone; add a new webhook",
        "channel_not_found" => {
            ": check SLACK_CHANNEL and the channels in SLACK_ROUTES; a private channel has to invite the app first"
        }
        "not_in_channel" => ": invite the app to the channel, or give it the scope chat:write.public",
        "missing_scope" | "no_permission" | "not_allowed_token_type" => {
            ": SLACK_BOT_TOKEN must be a bot token (xoxb-…) with the scope chat:write"
        }
        _ if REFUSED_TOKEN.contains(&code) => {
            ": the token is not valid; give SLACK_BOT_TOKEN the bot token (xoxb-…) of an app that is installed"
        }
        _ if code.starts_with("invalid_blocks")
            || code.ends_with("_too_long")
            || code == "invalid_payload" =>
        {
            ": that is a mistake in this function, please report it"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> SlackError {
        SlackError::Refused {
            status: 200,
            code: code.to_owned(),
            details: Vec::new(),
            is_webhook: false,
        }
    }

    #[test]
    fn tells_passing_from_final_and_gone() {
        for code in PASSING {
            assert!(refused(code).is_passing(), "{code}");
        }
        for code in [
            "invalid_auth",
            "channel_not_found",
            "invalid_blocks",
            "something_new",
        ] {
            assert!(!refused(code).is_passing() && !refused(code).is_gone(), "{code}");
        }
        assert!(refused("edit_window_closed").is_gone() && refused("message_not_found").is_gone());
    }

    #[test]
    fn says_what_to_do() {
        let words = refused("channel_not_found").to_string();
        assert!(
            words.starts_with("Slack refused it: channel_not_found: check SLACK_CHANNEL"),
            "{words}"
        );
        assert!(refused("token_revoked").to_string().contains("xoxb-"));
        let gone = SlackError::Refused {
            status: 404,
            code: "no_service".to_owned(),
            details: Vec::new(),
            is_webhook: true,
        };
        assert!(gone.is_refused_secret() && gone.to_string().contains("SLACK_WEBHOOK_URL"));
    }
}
