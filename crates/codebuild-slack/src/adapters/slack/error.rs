//! Errors of Slack: whether to retry, and what to do about them.

use std::time::Duration;

/// A failed request to Slack.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SlackError {
    #[error("Slack rejected the request: {code}{}{}", in_parentheses(.details), advice(.code, *.is_webhook))]
    Rejected {
        /// HTTP status. The Web API rejects requests with status 200.
        status: u16,
        /// Slack's error code.
        code: String,
        /// Slack's explanations of the code.
        details: Vec<String>,
        is_webhook: bool,
    },
    /// A rate limit, or a server error.
    #[error("Slack responded {status}{}", .retry_after.map_or_else(String::new, |after| format!(", retry after {} s", after.as_secs())))]
    Unavailable {
        /// HTTP status.
        status: u16,
        /// Delay that Slack demands.
        retry_after: Option<Duration>,
    },
    /// The response was lost, so the request may have taken effect.
    #[error("no response from Slack: {0}")]
    NoResponse(String),
    /// The connection failed, so nothing was sent.
    #[error("could not connect to Slack: {0}")]
    NoConnection(String),
    /// A response in no form of Slack's, perhaps a proxy's page.
    #[error("expected a response of Slack's API, is there a proxy? {0}")]
    UnexpectedResponse(String),
    /// The end of the invocation, or of the lease, is too near.
    #[error("no time left for a request to Slack")]
    NoTimeLeft,
    /// The token or webhook URL cannot be read or sent.
    #[error("no usable secret for Slack: {0:#}")]
    NoSecret(anyhow::Error),
}

/// Error codes of transient errors.
const TRANSIENT: [&str; 7] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "rollup_error",
];

/// Error codes for an invalid token.
const INVALID_TOKEN: [&str; 5] = [
    "invalid_auth",
    "token_revoked",
    "token_expired",
    "not_authed",
    "account_inactive",
];

/// Error codes for a message that cannot be updated any more.
const GONE: [&str; 4] = [
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "thread_not_found",
];

impl SlackError {
    /// Returns whether a retry may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::NoResponse(_) | Self::NoConnection(_) => true,
            Self::Rejected { code, .. } => TRANSIENT.contains(&code.as_str()),
            Self::UnexpectedResponse(_) | Self::NoTimeLeft | Self::NoSecret(_) => false,
        }
    }

    /// Returns whether the request may have taken effect.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::NoResponse(_) => true,
            Self::Unavailable { status, .. } => *status >= 500,
            Self::Rejected { code, .. } => ["internal_error", "fatal_error"].contains(&code.as_str()),
            _ => false,
        }
    }

    /// Returns whether the token or the webhook is invalid.
    pub(crate) fn is_rejected_secret(&self) -> bool {
        match self {
            Self::Rejected {
                status: 403 | 404,
                is_webhook: true,
                ..
            }
            | Self::Rejected {
                status: 401,
                is_webhook: false,
                ..
            } => true,
            Self::Rejected {
                code,
                is_webhook: false,
                ..
            } => INVALID_TOKEN.contains(&code.as_str()),
            _ => false,
        }
    }

    /// Returns whether the message is deleted, or too old for an update.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Rejected { code, .. } if GONE.contains(&code.as_str()))
    }

    /// Returns the delay that Slack demands before a retry.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for SlackError {
    fn from(error: reqwest::Error) -> Self {
        let is_from_secret = error.is_builder();
        let was_sent = !error.is_connect();
        // The URL is removed, because a webhook's is a secret.
        let error = anyhow::Error::from(error.without_url());
        if is_from_secret {
            // The secret is the only part of a request that this function does not write itself.
            return Self::NoSecret(error.context("its value cannot be sent as a token or URL"));
        }
        match was_sent {
            true => Self::NoResponse(format!("{error:#}")),
            false => Self::NoConnection(format!("{error:#}")),
        }
    }
}

fn in_parentheses(details: &[String]) -> String {
    match details.is_empty() {
        true => String::new(),
        false => format!(" ({})", details.join("; ")),
    }
}

/// Returns what to do about an error code.
fn advice(code: &str, is_webhook: bool) -> &'static str {
    let common = match code {
        _ if TRANSIENT.contains(&code) => ": Slack has a disturbance; the event is retried",
        _ if INVALID_TOKEN.contains(&code) && !is_webhook => {
            ": the token is invalid; set SLACK_BOT_TOKEN to the bot token (xoxb-…) of an installed app"
        }
        _ if OWN_MISTAKES.contains(&code)
            || code.ends_with("_too_long")
            || code.starts_with("invalid_blocks") =>
        {
            ": this is a bug in codebuild-slack, please report it"
        }
        "channel_is_archived" | "is_archived" | "is_inactive" => {
            ": the channel is archived; choose another one"
        }
        "team_access_not_granted"
        | "access_denied"
        | "team_not_found"
        | "org_login_required"
        | "team_added_to_org"
        | "ekm_access_denied"
        | "enterprise_is_restricted" => {
            ": the organization does not let the app into this workspace; ask its administrator to approve it"
        }
        "action_prohibited" | "posting_to_general_channel_denied" | "no_permission" | "accesslimited" => {
            NOT_ALLOWED
        }
        _ if code.starts_with("restricted_action") => NOT_ALLOWED,
        "message_limit_exceeded" => {
            ": the workspace has reached its limit of messages; ask its administrator"
        }
        "external_channel_migrating" => ": Slack is moving the shared channel; try again later",
        "cannot_reply_to_message" | "cant_broadcast_message" => {
            ": the channel does not accept such a reply; set \"thread\": false in the route"
        }
        _ => "",
    };
    match (common, is_webhook) {
        ("", true) => webhook_advice(code),
        ("", false) => api_advice(code),
        (advice, _) => advice,
    }
}

const NOT_ALLOWED: &str = ": the workspace does not allow the app to post there; ask its administrator";

/// Error codes for a request that this function should not have made.
const OWN_MISTAKES: [&str; 13] = [
    "invalid_payload",
    "invalid_json",
    "invalid_form_data",
    "invalid_arguments",
    "invalid_arg_name",
    "invalid_array_arg",
    "invalid_charset",
    "invalid_post_type",
    "missing_post_type",
    "no_text",
    "too_many_attachments",
    "invalid_metadata_format",
    "unknown_method",
];

fn webhook_advice(code: &str) -> &'static str {
    match code {
        "no_service" | "no_service_id" | "no_team" | "team_disabled" | "invalid_token"
        | "no_active_hooks" => {
            ": the webhook no longer exists; add a new one in the app's settings and set SLACK_WEBHOOK_URL to its URL"
        }
        "channel_not_found" | "user_not_found" => {
            ": the webhook's channel no longer exists; add a new webhook"
        }
        _ => ": see \"Handling errors\" in Slack's documentation of incoming webhooks",
    }
}

fn api_advice(code: &str) -> &'static str {
    match code {
        "channel_not_found" | "user_not_found" => {
            ": check SLACK_CHANNEL and the channels in SLACK_ROUTES; invite the app to a private channel first"
        }
        "not_in_channel" => ": invite the app to the channel, or grant it the scope chat:write.public",
        "missing_scope" => {
            ": add the needed scope under OAuth & Permissions of the app, and install the app again"
        }
        "not_allowed_token_type" | "as_user_not_supported" => {
            ": SLACK_BOT_TOKEN must be a bot token (xoxb-…) with the scope chat:write"
        }
        "two_factor_setup_required" | "user_is_restricted" => {
            ": the token belongs to a person; set SLACK_BOT_TOKEN to the bot token (xoxb-…) of the app"
        }
        "messages_tab_disabled" => {
            ": SLACK_CHANNEL is a person that the app may not write to; choose a channel"
        }
        "deprecated_endpoint" | "method_deprecated" => {
            ": Slack no longer offers this method; install a newer version of codebuild-slack"
        }
        _ => ": see the errors of this method in Slack's documentation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(code: &str) -> SlackError {
        SlackError::Rejected {
            status: 200,
            code: code.to_owned(),
            details: Vec::new(),
            is_webhook: false,
        }
    }

    #[test]
    fn distinguishes_transient_and_permanent_errors_and_lost_messages() {
        for code in TRANSIENT {
            assert!(rejected(code).is_transient(), "{code}");
        }
        for code in [
            "invalid_auth",
            "channel_not_found",
            "invalid_blocks",
            "something_new",
        ] {
            assert!(
                !rejected(code).is_transient() && !rejected(code).is_gone(),
                "{code}"
            );
        }
        assert!(rejected("edit_window_closed").is_gone() && rejected("message_not_found").is_gone());
    }

    #[test]
    fn the_message_states_what_to_do() {
        let message = rejected("channel_not_found").to_string();
        assert!(
            message.starts_with("Slack rejected the request: channel_not_found: check SLACK_CHANNEL"),
            "{message}"
        );
        assert!(rejected("token_revoked").to_string().contains("xoxb-"));
        for code in [
            "missing_scope",
            "restricted_action_read_only_channel",
            "team_access_not_granted",
            "invalid_blocks_format",
            "msg_blocks_too_long",
            "cannot_reply_to_message",
            "something_new",
        ] {
            let message = rejected(code).to_string();
            assert!(
                message.starts_with(&format!("Slack rejected the request: {code}: ")),
                "{message}"
            );
        }
        let gone = SlackError::Rejected {
            status: 404,
            code: "no_service".to_owned(),
            details: Vec::new(),
            is_webhook: true,
        };
        assert!(gone.is_rejected_secret() && gone.to_string().contains("SLACK_WEBHOOK_URL"));
    }
}
