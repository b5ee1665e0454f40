//! Slack, by a webhook or by its Web API.

mod error;

use lambda_core::deadline::Deadline;
use lambda_core::secrets::{Secret, SecretSource, Secrets};
use lambda_core::{http, pause};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use url::Url;

use crate::answer::Place;
use crate::config::SlackSettings;
use crate::message::Message;

pub use error::SlackError;

/// For one request.
const TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A Slack workspace.
///
/// What passes (429 with its `Retry-After`, 5xx, no answer) is tried again until the deadline. A secret that Slack
/// refuses is read again once.
pub struct Slack {
    http: Client,
    secret: SecretSource,
    /// Where the Web API is; none for a webhook.
    api: Option<String>,
    secrets: Secrets,
}

/// Counts the attempts to post of which nobody knows whether they took effect: each may have posted the same message.
#[derive(Debug, Default)]
pub struct Doubts(AtomicU32);

impl Doubts {
    /// How many there were.
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Slack {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// When HTTP cannot be set up.
    pub fn new(settings: &SlackSettings, secrets: Secrets) -> anyhow::Result<Self> {
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

    /// Posts a message. Slack knows no key by which a repeated post would be recognised: attempts that may have taken
    /// effect are counted, whatever comes of the last one.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn post(
        &self,
        channel: &str,
        message: &Message,
        deadline: Deadline,
        doubts: &Doubts,
    ) -> Result<Place, SlackError> {
        let mut body = json!({
            "text": message.text,
            "blocks": message.blocks,
            // A preview of the repository under each build helps nobody.
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if self.api.is_some() {
            body["channel"] = json!(channel);
        }
        let answer = self.send("chat.postMessage", &body, deadline, doubts).await?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let place = Place {
            channel: text("channel"),
            ts: text("ts"),
        };
        if self.api.is_some() && (place.channel.is_none() || place.ts.is_none()) {
            return Err(SlackError::Strange("it names no channel or no ts".to_owned()));
        }
        Ok(place)
    }

    /// Changes a message. To do so twice does no harm.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn update(
        &self,
        place: &Place,
        message: &Message,
        deadline: Deadline,
    ) -> Result<(), SlackError> {
        let body = json!({
            "channel": place.channel,
            "ts": place.ts,
            "text": message.text,
            "blocks": message.blocks,
        });
        self.send("chat.update", &body, deadline, &Doubts::default())
            .await?;
        Ok(())
    }

    async fn send(
        &self,
        method: &str,
        body: &Value,
        deadline: Deadline,
        doubts: &Doubts,
    ) -> Result<Value, SlackError> {
        let mut attempt = 1;
        loop {
            let error = match self.ask(method, body, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            doubts
                .0
                .fetch_add(u32::from(error.is_ambiguous()), Ordering::Relaxed);
            let pause = pause::before_retry(attempt, FIRST_PAUSE, LONGEST_PAUSE);
            let pause = pause + error.retry_after().unwrap_or_default();
            if !error.is_passing() || deadline.left() <= pause {
                return Err(error);
            }
            tracing::warn!(attempt, "Slack's {method} is tried again: {error}");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Asks once; where Slack refuses the secret, once more with what it is now.
    async fn ask(&self, method: &str, body: &Value, deadline: Deadline) -> Result<Value, SlackError> {
        let secret = in_time(deadline, self.secrets.read(&self.secret)).await?;
        let refusal = match self.ask_with(method, body, &secret, deadline).await {
            Err(refusal) if refusal.is_refused_secret() => refusal,
            outcome => return outcome,
        };
        match in_time(deadline, self.secrets.read_again(&self.secret, &secret)).await? {
            Some(fresh) => self.ask_with(method, body, &fresh, deadline).await,
            None => Err(refusal),
        }
    }

    async fn ask_with(
        &self,
        method: &str,
        body: &Value,
        secret: &Secret,
        deadline: Deadline,
    ) -> Result<Value, SlackError> {
        let timeout = TIMEOUT.min(deadline.left());
        if timeout.is_zero() {
            return Err(SlackError::NoTimeLeft);
        }
        let secret = secret.expose().trim();
        let request = match &self.api {
            Some(api) => self.http.post(format!("{api}/{method}")).bearer_auth(secret),
            None => self.http.post(webhook(secret)?),
        };
        let request = request
            .timeout(timeout)
            // Without the charset, Slack warns in every answer.
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string());
        let response = request.send().await?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(refusal(status, response, secret, self.api.is_none()).await);
        }
        let answer = response.text().await?;
        match self.api {
            Some(_) => understand(status, &answer),
            // A webhook says "ok" and no more. A page with 200 is somebody else's.
            None if answer.trim() == "ok" => Ok(Value::Null),
            None => understand(status, &answer).map(|_| Value::Null),
        }
    }
}

fn without_slash(api: &Url) -> String {
    api.as_str().trim_end_matches('/').to_owned()
}

/// The secret from Secrets Manager may be anything.
fn webhook(secret: &str) -> Result<Url, SlackError> {
    Url::parse(secret)
        .map_err(|_| SlackError::NoSecret(anyhow::anyhow!("the webhook's secret holds no address")))
}

/// Secrets Manager may hang as anybody else.
async fn in_time<T>(
    deadline: Deadline,
    read: impl Future<Output = anyhow::Result<T>>,
) -> Result<T, SlackError> {
    match tokio::time::timeout(deadline.left(), read).await {
        Ok(read) => read.map_err(SlackError::NoSecret),
        Err(_) => Err(SlackError::NoTimeLeft),
    }
}

/// HTTP's 200 is no success yet: Slack says so in the body.
fn understand(status: StatusCode, answer: &str) -> Result<Value, SlackError> {
    let answer: Value =
        serde_json::from_str(answer).map_err(|error| SlackError::Strange(error.to_string()))?;
    match answer["ok"].as_bool() {
        Some(true) => Ok(answer),
        Some(false) => {
            let details = answer["response_metadata"]["messages"]
                .as_array()
                .into_iter()
                .flatten();
            Err(SlackError::Refused {
                status: status.as_u16(),
                code: answer["error"].as_str().unwrap_or("no code").to_owned(),
                details: details.filter_map(Value::as_str).map(str::to_owned).collect(),
                is_webhook: false,
            })
        }
        None => Err(SlackError::Strange("it has no field ok".to_owned())),
    }
}

async fn refusal(status: StatusCode, response: Response, secret: &str, is_webhook: bool) -> SlackError {
    let header = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let retry_after = header
        .and_then(|value| value.trim().parse().ok())
        .map(Duration::from_secs);
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return SlackError::Busy {
            status: status.as_u16(),
            retry_after,
        };
    }
    let body = response.text().await.unwrap_or_default().replace(secret, "***");
    // The Web API gives its reason as JSON, whatever the status.
    if !is_webhook && let Err(told @ SlackError::Refused { .. }) = understand(status, &body) {
        return told;
    }
    let code = body.lines().next().unwrap_or_default().trim();
    SlackError::Refused {
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
    fn the_apis_address_may_end_with_a_slash_or_have_no_path() {
        for (given, joined) in [
            ("https://slack.com/api", "https://slack.com/api"),
            ("https://slack.com/api/", "https://slack.com/api"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ] {
            assert_eq!(without_slash(&given.parse().expect("an address")), joined);
        }
    }
}
