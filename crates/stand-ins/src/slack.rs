//! A Slack workspace, as its Web API and its incoming webhooks show it, and as strict as the real one where clients go
//! wrong.
//!
//! | file | noun |
//! |---|---|
//! | `server` | what is asked on the wire, and what is answered |
//! | `request` | what of a request is right, and the words of refusal |
//! | `blocks` | Block Kit's limits |
//! | `channel` | channels, their messages and their pace |
//! | `weather` | what goes wrong by chance, with a fixed seed |
//! | `models` | what Slack's own SDK says about a message |

mod blocks;
mod channel;
pub mod models;
mod request;
mod server;
#[cfg(test)]
mod tests;
mod weather;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::Result;
use serde_json::Value;

use local_stack::http;

pub use channel::{Channel, Message};
pub use weather::Weather;

use channel::Channels;

/// How a workspace behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bot token that it accepts.
    pub token: String,
    /// The last part of the webhook's address.
    pub webhook_secret: String,
    /// What the webhook says instead of "ok": status and body, `(404, "no_service")` for one that was removed.
    pub webhook_refusal: Option<(u16, String)>,
    /// Its channels. The webhook posts to the first.
    pub channels: Vec<Channel>,
    /// The time between two messages in one channel; what comes earlier is answered 429.
    pub pace: Duration,
    /// How many messages may come at once before the pace counts.
    pub burst: u32,
    /// How old a message may be to be changed; workspaces have a setting for it.
    pub editable_for: Option<Duration>,
    /// What goes wrong by chance.
    pub weather: Option<Weather>,
}

impl Default for Settings {
    /// The channels `builds` and `alerts`, the token `xoxb-local`, one message a second, and good weather.
    fn default() -> Self {
        Self {
            token: "xoxb-local".to_owned(),
            webhook_secret: "localwebhook".to_owned(),
            webhook_refusal: None,
            channels: vec![
                Channel::new("C0BUILDS", "builds"),
                Channel::new("C0ALERTS", "alerts"),
            ],
            pace: Duration::from_secs(1),
            burst: 1,
            editable_for: None,
            weather: None,
        }
    }
}

/// The workspace. Clones are the same one; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Slack {
    shared: Arc<Shared>,
    server: Arc<http::Server>,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    settings: Mutex<Settings>,
    channels: Mutex<Channels>,
    traffic: Mutex<Traffic>,
}

/// The requests so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traffic {
    /// Messages to be posted.
    pub posts: usize,
    /// Messages to be changed.
    pub updates: usize,
    /// Requests that were answered 429.
    pub too_many: usize,
    /// Requests that were answered 500.
    pub server_errors: usize,
    /// Posts that took effect, and whose answer was lost.
    pub lost_posts: usize,
    /// Changes that took effect, and whose answer was lost.
    pub lost_updates: usize,
    /// The last words of refusal.
    pub refusals: Vec<String>,
    /// All bodies, as they came.
    pub bodies: Vec<String>,
    losing: usize,
    limiting: usize,
    retry_after_s: u64,
}

impl Slack {
    /// Starts it on 127.0.0.1 and a free port.
    pub async fn start(settings: Settings) -> Result<Self> {
        let shared = Arc::new(Shared {
            settings: Mutex::new(settings),
            channels: Mutex::default(),
            traffic: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let server = http::serve(move |request| server::handle(Arc::clone(&served), request)).await?;
        Ok(Self {
            shared,
            server: Arc::new(server),
        })
    }

    /// The Web API's address, for `SLACK_API_URL`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.server.address)
    }

    /// The webhook's address, for `SLACK_WEBHOOK_URL`.
    pub fn webhook_url(&self) -> String {
        let secret = self.shared.settings().webhook_secret.clone();
        format!("http://{}/services/T0LOCAL/B0LOCAL/{secret}", self.server.address)
    }

    /// All messages so far, as they read now, in the order in which they were posted.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.channels().all()
    }

    /// The requests so far.
    pub fn traffic(&self) -> Traffic {
        self.shared.traffic().clone()
    }

    /// Changes how it behaves from now on: another token, better weather.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.settings());
    }

    /// Takes a message away, as a person does.
    pub fn delete(&self, ts: &str) {
        self.shared.channels().delete(ts);
    }

    /// Carries out the next requests, and closes the connection before the answer.
    pub fn lose_answers(&self, times: usize) {
        self.shared.traffic().losing = times;
    }

    /// Answers the next requests with 429 and this `Retry-After`.
    pub fn limit(&self, times: usize, retry_after_s: u64) {
        let mut traffic = self.shared.traffic();
        (traffic.limiting, traffic.retry_after_s) = (times, retry_after_s);
    }
}

impl Shared {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("no holder panics")
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().expect("no holder panics")
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().expect("no holder panics")
    }
}

/// All texts of a message's blocks, in their order.
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
