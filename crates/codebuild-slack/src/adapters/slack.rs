//! Slack, through an incoming webhook or its Web API.

mod checks;
mod error;
mod members;
mod webhook;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub(crate) use checks::AuthorMentions;
pub(crate) use error::SlackError;
use lambda_core::deadline::Deadline;
use lambda_core::secrets::{Secret, SecretSource, Secrets};
use lambda_core::{backoff, http};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::config::SlackSettings;
use crate::function_response::MessageLocation;
use crate::message::{Message, Reply};

/// Time-out of one request. Slack posts a message before it responds, and has responded after 12 s.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// The method that creates a message.
const POST: &str = "chat.postMessage";
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// A Slack workspace.
///
/// Transient errors (429 with its `Retry-After`, 5xx, no connection; for updates also no response) are retried until the
/// deadline. A secret that Slack rejects is read again once.
pub(crate) struct Slack {
    http: Client,
    secret: SecretSource,
    /// Base URL of the Web API; `None` for a webhook.
    api: Option<String>,
    secrets: Secrets,
}

/// The number of posts with an unknown outcome: each of them may have posted the same message.
#[derive(Debug, Default)]
pub(crate) struct PostsInDoubt(AtomicU32);

impl PostsInDoubt {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Slack {
    pub(crate) fn new(settings: &SlackSettings, secrets: Secrets) -> anyhow::Result<Self> {
        let (secret, api) = match settings {
            SlackSettings::Webhook(url) => (url.clone(), None),
            SlackSettings::Bot { token, api } => (token.clone(), Some(without_slash(api))),
        };
        Ok(Self {
            http: http::client(None)?,
            secret,
            api,
            secrets,
        })
    }

    /// Posts a message. Slack has no idempotency key, so a post without a response is not repeated here: the message is
    /// most likely there. Posts that may have taken effect are counted in `in_doubt`, whatever the outcome of the last one.
    pub(crate) async fn post(
        &self,
        channel: &str,
        message: &Message,
        deadline: Deadline,
        in_doubt: &PostsInDoubt,
    ) -> Result<MessageLocation, SlackError> {
        let body = self.body(channel, message);
        self.post_body(&body, deadline, in_doubt).await
    }

    /// Posts a reply in the thread of a message, as [`post`](Self::post) does.
    pub(crate) async fn reply(
        &self,
        location: &MessageLocation,
        reply: &Reply,
        deadline: Deadline,
        in_doubt: &PostsInDoubt,
    ) -> Result<MessageLocation, SlackError> {
        let channel = location.channel.as_deref().unwrap_or_default();
        let mut body = self.body(channel, &reply.message);
        body["thread_ts"] = json!(location.ts);
        if reply.is_broadcast {
            body["reply_broadcast"] = json!(true);
        }
        self.post_body(&body, deadline, in_doubt).await
    }

    fn body(&self, channel: &str, message: &Message) -> Value {
        let mut body = json!({
            "text": message.text,
            "blocks": message.blocks,
            // A preview of the repository below each message would only take space.
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if self.api.is_some() {
            body["channel"] = json!(channel);
        }
        body
    }

    async fn post_body(
        &self,
        body: &Value,
        deadline: Deadline,
        in_doubt: &PostsInDoubt,
    ) -> Result<MessageLocation, SlackError> {
        let response = self.send(POST, body, deadline, in_doubt).await?;
        let text = |name: &str| response[name].as_str().map(str::to_owned);
        let location = MessageLocation {
            channel: text("channel"),
            ts: text("ts"),
        };
        if self.api.is_some() && (location.channel.is_none() || location.ts.is_none()) {
            return Err(SlackError::UnexpectedResponse("no channel or no ts".to_owned()));
        }
        Ok(location)
    }

    /// Updates a message. Repeating an update does no harm.
    pub(crate) async fn update(
        &self,
        location: &MessageLocation,
        message: &Message,
        deadline: Deadline,
    ) -> Result<(), SlackError> {
        let body = json!({
            "channel": location.channel,
            "ts": location.ts,
            "text": message.text,
            "blocks": message.blocks,
        });
        self.send("chat.update", &body, deadline, &PostsInDoubt::default())
            .await?;
        Ok(())
    }

    /// Sends a request, with retries of transient errors.
    async fn send(
        &self,
        method: &str,
        body: &Value,
        deadline: Deadline,
        in_doubt: &PostsInDoubt,
    ) -> Result<Value, SlackError> {
        let mut attempt = 1;
        loop {
            let error = match self.send_once(method, body, deadline).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if error.is_ambiguous() {
                in_doubt.add_one();
            }
            let delay = backoff::delay(attempt, FIRST_DELAY, LONGEST_DELAY);
            let delay = delay + error.retry_after().unwrap_or_default();
            let is_final = method == POST && matches!(error, SlackError::NoResponse(_));
            if is_final || !error.is_transient() || deadline.remaining() <= delay {
                return Err(error);
            }
            tracing::warn!(
                attempt,
                "retrying Slack's {method} after attempt {attempt}: {error}"
            );
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    /// Sends one request. If Slack rejects the secret and it has changed meanwhile, sends it again with the new one.
    async fn send_once(&self, method: &str, body: &Value, deadline: Deadline) -> Result<Value, SlackError> {
        let secret = before(deadline, self.secrets.read(&self.secret)).await?;
        let rejection = match self.send_with(method, body, &secret, deadline).await {
            Err(rejection) if rejection.is_rejected_secret() => rejection,
            outcome => return outcome,
        };
        match before(deadline, self.secrets.refresh(&self.secret, &secret)).await? {
            Some(fresh) => self.send_with(method, body, &fresh, deadline).await,
            None => Err(rejection),
        }
    }

    async fn send_with(
        &self,
        method: &str,
        body: &Value,
        secret: &Secret,
        deadline: Deadline,
    ) -> Result<Value, SlackError> {
        let timeout = TIMEOUT.min(deadline.remaining());
        if timeout.is_zero() {
            return Err(SlackError::NoTimeLeft);
        }
        let secret = secret.expose().trim();
        let request = match &self.api {
            Some(api) => {
                let request = self.http.post(format!("{api}/{method}")).bearer_auth(secret);
                request.body(body.to_string())
            }
            None => {
                let url = webhook::parse(secret)?;
                let body = webhook::body(&url, body);
                self.http.post(url).body(body.to_string())
            }
        };
        let request = request
            .timeout(timeout)
            // Without the charset, every response of Slack contains a warning.
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(http_error(status, response, secret, self.api.is_none()).await);
        }
        let text = response.text().await?;
        match self.api {
            Some(_) => parse(status, &text),
            None => webhook::accept(&webhook::parse(secret)?, status, &text),
        }
    }
}

fn without_slash(api: &Url) -> String {
    api.as_str().trim_end_matches('/').to_owned()
}

/// Awaits a secret until the deadline, because Secrets Manager may hang too.
async fn before<T>(
    deadline: Deadline,
    read: impl Future<Output = anyhow::Result<T>>,
) -> Result<T, SlackError> {
    match tokio::time::timeout(deadline.remaining(), read).await {
        Ok(read) => read.map_err(SlackError::NoSecret),
        Err(_) => Err(SlackError::NoTimeLeft),
    }
}

/// Parses a response of the Web API, which reports errors in the body with status 200.
fn parse(status: StatusCode, text: &str) -> Result<Value, SlackError> {
    let response: Value =
        serde_json::from_str(text).map_err(|error| SlackError::UnexpectedResponse(error.to_string()))?;
    match response["ok"].as_bool() {
        Some(true) => Ok(response),
        Some(false) => {
            let details = response["response_metadata"]["messages"]
                .as_array()
                .into_iter()
                .flatten();
            let mut details: Vec<String> = details.filter_map(Value::as_str).map(str::to_owned).collect();
            // The scopes of a token that lacks one.
            for name in ["needed", "provided"] {
                let scopes = response[name].as_str();
                details.extend(scopes.map(|scopes| format!("{name}: {scopes}")));
            }
            Err(SlackError::Rejected {
                status: status.as_u16(),
                code: response["error"].as_str().unwrap_or("no code").to_owned(),
                details,
                is_webhook: false,
            })
        }
        None => Err(SlackError::UnexpectedResponse("no field ok".to_owned())),
    }
}

async fn http_error(status: StatusCode, response: Response, secret: &str, is_webhook: bool) -> SlackError {
    let header = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let retry_after = header
        .and_then(|value| value.trim().parse().ok())
        .map(Duration::from_secs);
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return SlackError::Unavailable {
            status: status.as_u16(),
            retry_after,
        };
    }
    let body = response.text().await.unwrap_or_default().replace(secret, "***");
    // The Web API states its reason as JSON with any status.
    if !is_webhook && let Err(rejection @ SlackError::Rejected { .. }) = parse(status, &body) {
        return rejection;
    }
    let code = body.lines().next().unwrap_or_default().trim();
    SlackError::Rejected {
        status: status.as_u16(),
        code: match code.is_empty() {
            true => status.to_string(),
            false => code.chars().take(100).collect(),
        },
        details: Vec::new(),
        is_webhook,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_url_may_end_with_a_slash_or_have_no_path() {
        for (url, expected) in [
            ("https://slack.com/api", "https://slack.com/api"),
            ("https://slack.com/api/", "https://slack.com/api"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ] {
            assert_eq!(without_slash(&url.parse().expect("a URL")), expected);
        }
    }
}
