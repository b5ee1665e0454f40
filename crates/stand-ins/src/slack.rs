//! Slack workspace: its Web API and its incoming webhooks, with Slack's own checks.
//!
//! | module | content |
//! |---|---|
//! | `server` | HTTP requests and responses |
//! | `request` | checks of a request, and Slack's error codes |
//! | `blocks` | limits of Block Kit |
//! | `channel` | channels, their messages and their rate limit |
//! | `models` | validation by Slack's Python SDK |

mod blocks;
mod channel;
pub mod models;
mod request;
mod server;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Result;
use channel::Channels;
pub use channel::{Channel, Message};
use local_stack::{Fault, Faults, http};
use serde_json::Value;

/// Behaviour of a workspace.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bot token that it accepts.
    pub token: String,
    /// Scopes of the token.
    pub scopes: Vec<String>,
    /// Last part of the webhook's URL.
    pub webhook_secret: String,
    /// Response of the webhook in place of "ok": status and body, `(404, "no_service")` for a deleted webhook.
    pub webhook_refusal: Option<(u16, String)>,
    /// Members, each with e-mail address and id.
    pub users: Vec<(String, String)>,
    /// Number of look-ups of members in a minute; a further one gets 429.
    pub lookups_per_minute: usize,
    /// Channels. The webhook posts to the first.
    pub channels: Vec<Channel>,
    /// Time between two messages in one channel; an earlier message gets 429.
    pub pace: Duration,
    /// Number of messages that a channel accepts at once before `pace` applies.
    pub burst: u32,
    /// Age up to which a message can be updated; workspaces have a setting for it.
    pub editable_for: Option<Duration>,
}

impl Default for Settings {
    /// The channels `builds` and `alerts`, the token `xoxb-local`, and one message per second and channel.
    fn default() -> Self {
        Self {
            token: "xoxb-local".to_owned(),
            scopes: ["chat:write", "channels:read"].map(str::to_owned).to_vec(),
            webhook_secret: "localwebhook".to_owned(),
            webhook_refusal: None,
            users: Vec::new(),
            lookups_per_minute: 50,
            channels: vec![
                Channel::new("C0BUILDS", "builds"),
                Channel::new("C0ALERTS", "alerts"),
            ],
            pace: Duration::from_secs(1),
            burst: 1,
            editable_for: None,
        }
    }
}

/// Running workspace. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Slack {
    /// Faults to inject, and the requests so far.
    pub faults: Faults,
    state: Arc<State>,
    server: Arc<http::Server>,
}

#[derive(Debug)]
struct State {
    settings: Mutex<Settings>,
    channels: Mutex<Channels>,
    refusals: Mutex<Vec<String>>,
}

impl Slack {
    /// Starts a workspace on 127.0.0.1 and a free port.
    pub async fn start(settings: Settings) -> Result<Self> {
        let faults = Faults::default();
        let state = Arc::new(State {
            settings: Mutex::new(settings),
            channels: Mutex::default(),
            refusals: Mutex::default(),
        });
        let served = Arc::clone(&state);
        let server = http::serve_with_faults(&faults, move |request| {
            let state = Arc::clone(&served);
            async move { Some(server::respond(&state, &request)) }
        });
        Ok(Self {
            server: Arc::new(server.await?),
            faults,
            state,
        })
    }

    /// URL of the Web API, for `SLACK_API_URL`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.server.address)
    }

    /// URL of the webhook, for `SLACK_WEBHOOK_URL`.
    pub fn webhook_url(&self) -> String {
        let secret = self.state.settings().webhook_secret.clone();
        format!("http://{}/services/T0LOCAL/B0LOCAL/{secret}", self.server.address)
    }

    /// Returns all messages in the order of their posts, each with its current content.
    pub fn messages(&self) -> Vec<Message> {
        self.state.channels().all()
    }

    /// Returns the error codes so far, each with its details.
    pub fn refusals(&self) -> Vec<String> {
        self.state.refusals().clone()
    }

    /// Changes the settings for the requests to come.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.state.settings());
    }

    /// Deletes a message, as a person does in Slack.
    pub fn delete(&self, ts: &str) {
        self.state.channels().delete(ts);
    }
}

impl State {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("no holder panics")
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().expect("no holder panics")
    }

    fn refusals(&self) -> MutexGuard<'_, Vec<String>> {
        self.refusals.lock().expect("no holder panics")
    }
}

/// Returns Slack's response to a request above the rate limit.
pub fn rate_limited(retry_after_s: u64) -> Fault {
    Fault::too_many_requests(retry_after_s, r#"{"ok":false,"error":"ratelimited"}"#)
}

/// Returns all texts of a message's blocks, in their order.
pub fn texts(blocks: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    for block in blocks.as_array().into_iter().flatten() {
        let fields = block["fields"].as_array().into_iter().flatten();
        let elements = block["elements"].as_array().into_iter().flatten();
        let all = [&block["text"]].into_iter().chain(fields).chain(elements);
        texts.extend(all.filter_map(|text| text["text"].as_str()).map(str::to_owned));
    }
    texts
}
