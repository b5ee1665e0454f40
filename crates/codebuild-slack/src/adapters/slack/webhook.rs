//! Incoming webhooks: Slack's own, and those of services that accept the same requests, such as Mattermost and
//! Rocket.Chat.

use anyhow::anyhow;
use reqwest::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::SlackError;
use crate::config::{is_slack, parse_webhook};
use crate::message::plain_text;

/// Parses the address. A secret from Secrets Manager was not checked with the configuration.
pub(super) fn parse(secret: &str) -> Result<Url, SlackError> {
    parse_webhook(secret)
        .map_err(|fault| SlackError::NoSecret(anyhow!("the webhook's address is malformed: {fault}")))
}

/// Returns the body for a webhook. Other services than Slack show the text and ignore the blocks.
pub(super) fn body(url: &Url, body: &Value) -> Value {
    let mut body = body.clone();
    if !is_slack(url) {
        let blocks = body["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
        body["text"] = json!(plain_text::of_blocks(blocks));
    }
    body
}

/// Checks a response with a status of success. Slack responds "ok"; a page comes from a proxy or a login form.
pub(super) fn accept(url: &Url, status: StatusCode, text: &str) -> Result<Value, SlackError> {
    let text = text.trim();
    if is_slack(url) {
        return match text {
            "ok" => Ok(Value::Null),
            _ => Err(unexpected("expected \"ok\"", status)),
        };
    }
    if text.trim_start_matches('\u{feff}').starts_with('<') {
        return Err(unexpected("found a page", status));
    }
    let response: Value = serde_json::from_str(text).unwrap_or_default();
    let is_refused = ["ok", "success"].iter().any(|name| response[*name] == false);
    match is_refused {
        false => Ok(Value::Null),
        true => Err(SlackError::Rejected {
            status: status.as_u16(),
            code: response["error"].as_str().unwrap_or("no code").to_owned(),
            details: Vec::new(),
            is_webhook: true,
        }),
    }
}

fn unexpected(found: &str, status: StatusCode) -> SlackError {
    SlackError::UnexpectedResponse(format!(
        "{found} in the response of the webhook with status {status}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, status: u16, text: &str, is_accepted: bool) {
        let url = Url::parse(url).expect("a URL");
        let status = StatusCode::from_u16(status).expect("a status");
        assert_eq!(accept(&url, status, text).is_ok(), is_accepted, "{url} {text}");
    }

    #[test]
    fn slack_must_respond_ok() {
        for host in ["hooks.slack.com", "hooks.slack-gov.com"] {
            let url = format!("https://{host}/services/T0/B0/x");
            check(&url, 200, "ok", true);
            check(&url, 200, "ok\n", true);
            for text in ["", "<html>Please log in</html>", "{}", "okay"] {
                check(&url, 200, text, false);
            }
        }
    }

    #[test]
    fn another_service_may_respond_anything_but_a_page_or_a_refusal() {
        let url = "https://chat.example.com/hooks/x";
        for (status, text) in [(200, "ok"), (200, r#"{"success":true}"#), (201, "{}"), (204, "")] {
            check(url, status, text, true);
        }
        for text in [
            "<!DOCTYPE html><title>Sign in</title>",
            "\n <html>",
            r#"{"success":false,"error":"no channel"}"#,
            r#"{"ok":false}"#,
        ] {
            check(url, 200, text, false);
        }
    }
}
