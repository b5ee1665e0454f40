//! The check event: the token or webhook, and the channels, without a message.

use lambda_core::check::Check;
use lambda_core::deadline::Deadline;
use reqwest::StatusCode;
use serde_json::Value;

use super::{SlackError, TIMEOUT, before, http_error, parse};
use crate::adapters::slack::Slack;
use crate::config::{is_slack, parse_webhook};

const REACHABLE: &str = "Slack reachable";
const ACCEPTED: &str = "token accepted by Slack";
/// Scopes of the look-up of a member.
const MEMBER_SCOPES: [&str; 2] = ["users:read", "users:read.email"];
const ADD_SCOPE: &str = "add the scope under OAuth & Permissions of the app, and install the app again";

/// A response of the Web API, with the scopes of the token if Slack names them.
pub(super) struct Response {
    pub(super) body: Value,
    scopes: Option<Vec<String>>,
}

/// Mentions of authors, as far as the routes ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorMentions {
    /// No route has a mention or a reply.
    None,
    /// A route has a mention. Its messages are complete without the author's.
    Optional,
    /// A route asks for replies by itself.
    Wanted,
}

impl Slack {
    /// Checks the access to Slack, the scopes that the routes ask for, and each channel that `channels` names.
    pub(crate) async fn checks(
        &self,
        channels: &[&str],
        authors: AuthorMentions,
        deadline: Deadline,
    ) -> Vec<Check> {
        let secret = match self.api {
            Some(_) => "secret SLACK_BOT_TOKEN",
            None => "secret SLACK_WEBHOOK_URL",
        };
        let value = match before(deadline, self.secrets.read(&self.secret)).await {
            Ok(value) => value,
            Err(error) => return vec![Check::failed(secret, error.to_string())],
        };
        let mut checks = vec![Check::passed(secret, "read")];
        match &self.api {
            Some(api) => {
                let token = value.expose().trim();
                let token_checks = self.token_checks(api, token, channels, authors, deadline);
                checks.extend(token_checks.await);
            }
            None => checks.push(webhook_check(value.expose().trim())),
        }
        checks
    }

    async fn token_checks(
        &self,
        api: &str,
        token: &str,
        channels: &[&str],
        authors: AuthorMentions,
        deadline: Deadline,
    ) -> Vec<Check> {
        let response = match self.read(api, token, "auth.test", &[], deadline).await {
            Ok(response) => response,
            Err(error) => return failed_sign_in(&error),
        };
        let text = |name: &str| response.body[name].as_str().unwrap_or("unknown").to_owned();
        let mut checks = vec![
            Check::passed(REACHABLE, format!("responded at {api}")),
            Check::passed(
                ACCEPTED,
                format!("workspace {}, user {}", text("team"), text("user")),
            ),
        ];
        checks.extend(scope_checks(response.scopes.as_deref(), authors));
        let scopes = response.scopes.unwrap_or_default();
        for channel in channels {
            checks.push(self.check_channel(api, token, channel, &scopes, deadline).await);
        }
        checks
    }

    async fn check_channel(
        &self,
        api: &str,
        token: &str,
        channel: &str,
        scopes: &[String],
        deadline: Deadline,
    ) -> Check {
        let name = format!("channel {channel}");
        if !is_channel_id(channel) {
            return Check::not_tried(
                name,
                "Slack finds a channel by its id, such as C0123456789, and not by its name",
            );
        }
        if !has(scopes, "channels:read") && !has(scopes, "groups:read") {
            return Check::not_tried(
                name,
                "it needs the scope channels:read or groups:read, which no message needs",
            );
        }
        let read = self
            .read(
                api,
                token,
                "conversations.info",
                &[("channel", channel)],
                deadline,
            )
            .await;
        match read {
            Ok(response) => found_channel(name, &response.body["channel"], scopes),
            Err(error) => match &error {
                // A channel of the other kind seems not to exist.
                SlackError::Rejected { code, .. }
                    if code == "channel_not_found"
                        && !(has(scopes, "channels:read") && has(scopes, "groups:read")) =>
                {
                    Check::not_tried(name, "the token may not see it; it may exist nevertheless")
                }
                SlackError::Rejected { .. } => Check::failed(name, error.to_string()),
                _ => Check::not_tried(name, error.to_string()),
            },
        }
    }

    /// Calls a method that reads. Slack takes its arguments as a form only.
    pub(super) async fn read(
        &self,
        api: &str,
        token: &str,
        method: &str,
        arguments: &[(&str, &str)],
        deadline: Deadline,
    ) -> Result<Response, SlackError> {
        let timeout = TIMEOUT.min(deadline.remaining());
        if timeout.is_zero() {
            return Err(SlackError::NoTimeLeft);
        }
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(arguments);
        let request = self
            .http
            .post(format!("{api}/{method}"))
            .bearer_auth(token)
            .header("content-type", "application/x-www-form-urlencoded")
            .timeout(timeout)
            .body(body.finish());
        let response = request.send().await?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(http_error(status, response, token, false).await);
        }
        let scopes = response.headers().get("x-oauth-scopes");
        let scopes = scopes.and_then(|scopes| scopes.to_str().ok()).map(|scopes| {
            let scopes = scopes.split(',').map(str::trim);
            scopes.map(str::to_owned).collect()
        });
        let body = parse(status, &response.text().await?)?;
        Ok(Response { body, scopes })
    }
}

/// Checks each scope of the token that a message needs. Slack names them in a header of its responses.
fn scope_checks(granted: Option<&[String]>, authors: AuthorMentions) -> Vec<Check> {
    let members = match authors {
        AuthorMentions::None => &[],
        AuthorMentions::Optional | AuthorMentions::Wanted => &MEMBER_SCOPES[..],
    };
    let check = |scope: &str, is_for_author: bool| {
        let name = format!("scope {scope}");
        let without = "a failure does not mention the author of the commit without it";
        match granted {
            None => Check::not_tried(name, "Slack named no scopes"),
            Some(granted) if has(granted, scope) => Check::passed(name, "granted"),
            Some(_) if !is_for_author => Check::failed(name, ADD_SCOPE),
            Some(_) if authors == AuthorMentions::Wanted => {
                Check::failed(name, format!("{without}: {ADD_SCOPE}"))
            }
            Some(_) => Check::not_tried(name, format!("missing: {without}; for that, {ADD_SCOPE}")),
        }
    };
    let members = members.iter().map(|scope| check(scope, true));
    [check("chat:write", false)].into_iter().chain(members).collect()
}

fn has(scopes: &[String], scope: &str) -> bool {
    scopes.iter().any(|other| other == scope)
}

/// Reports whether the text is an id, which begins with C or G and has no lower-case letters.
fn is_channel_id(channel: &str) -> bool {
    channel.len() >= 8
        && channel.starts_with(['C', 'G'])
        && channel
            .chars()
            .all(|character| character.is_ascii_uppercase() || character.is_ascii_digit())
}

fn found_channel(name: String, channel: &Value, scopes: &[String]) -> Check {
    let shown = channel["name"].as_str().unwrap_or("without a name");
    if channel["is_archived"] == true {
        return Check::failed(name, format!("#{shown} is archived: choose another channel"));
    }
    let is_private = channel["is_private"] == true;
    let may_post = channel["is_member"] == true || (!is_private && has(scopes, "chat:write.public"));
    match may_post {
        true => Check::passed(name, format!("#{shown}")),
        false => Check::failed(
            name,
            format!(
                "the app is not in #{shown}: invite it, or grant it the scope chat:write.public for public channels"
            ),
        ),
    }
}

fn failed_sign_in(error: &SlackError) -> Vec<Check> {
    match error {
        SlackError::Rejected { .. } if !error.is_transient() => vec![
            Check::passed(REACHABLE, "it responded"),
            Check::failed(ACCEPTED, error.to_string()),
        ],
        SlackError::UnexpectedResponse(_) => vec![
            Check::failed("Slack's Web API at SLACK_API_URL", error.to_string()),
            Check::not_tried(ACCEPTED, "Slack did not respond"),
        ],
        SlackError::NoSecret(_) => vec![Check::failed(ACCEPTED, error.to_string())],
        _ => vec![
            Check::failed(
                REACHABLE,
                format!("{error}: check the function's way to the internet (VPC, NAT)"),
            ),
            Check::not_tried(ACCEPTED, "Slack is not reachable"),
        ],
    }
}

/// A webhook has no call without a message, so that only its shape can be checked.
fn webhook_check(secret: &str) -> Check {
    let name = "webhook";
    let url = match parse_webhook(secret) {
        Ok(url) => url,
        Err(expected) => return Check::failed(name, expected),
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    let parts = url.path_segments().map_or(0, Iterator::count);
    match (is_slack(&url), parts) {
        (true, 4) => Check::not_tried(
            name,
            format!("it has the shape of a webhook of {host}; only a message would show more"),
        ),
        (true, _) => Check::failed(
            name,
            "expected https://hooks.slack.com/services/T…/B…/…, as the app's settings show it under Incoming Webhooks",
        ),
        _ => Check::not_tried(
            name,
            format!("it leads to {host}; only a message would show more"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shape_of_a_webhook_is_checked() {
        for (url, ok) in [
            ("https://hooks.slack.com/services/T0/B0/hunter2", None),
            ("https://mattermost.example.com/hooks/hunter2", None),
            ("https://hooks.slack.com/services/T0/hunter2", Some(false)),
            ("https://hooks.slack.com/hunter2", Some(false)),
            ("https://hooks.slack.com/triggers/T0/1/hunter2", Some(false)),
            ("hunter2", Some(false)),
        ] {
            let check = webhook_check(url);
            assert_eq!(check.ok, ok, "{url}");
            assert!(!check.detail.contains("hunter2"), "{}", check.detail);
        }
    }

    #[test]
    fn a_channel_id_has_no_lower_case() {
        assert!(is_channel_id("C0123456789") && is_channel_id("G0ABCDEFG"));
        for name in ["#builds", "builds", "COMMON", "C0lower123", "general"] {
            assert!(!is_channel_id(name), "{name}");
        }
    }
}
