use std::{collections::BTreeMap, time::Duration, time::Instant};

use serde_json::Value;

use super::Settings;

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// By which Slack knows it.
    pub id: String,
    /// By which people know it, without `#`.
    pub name: String,
    /// Nobody can post there any more.
    pub is_archived: bool,
    /// Whether the app may post there.
    pub is_member: bool,
}

impl Channel {
    /// One that the app is a member of.
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            is_archived: false,
            is_member: true,
        }
    }
}

/// A message as it reads now.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its channel's id.
    pub channel: String,
    /// Its id.
    pub ts: String,
    /// For notifications.
    pub text: String,
    /// What people see.
    pub blocks: Value,
    /// What it read before, in notifications.
    pub before: Vec<String>,
    /// Whether the answer to its post was lost.
    pub is_in_doubt: bool,
}

/// The messages, and when the next may come.
#[derive(Debug, Default)]
pub(super) struct Channels {
    messages: Vec<Posted>,
    number: u64,
    /// Of each channel, the moment up to which its pace is used up.
    used: BTreeMap<String, Instant>,
}

#[derive(Debug)]
struct Posted {
    message: Message,
    at: Instant,
}

impl Channels {
    pub(super) fn all(&self) -> Vec<Message> {
        self.messages
            .iter()
            .map(|posted| posted.message.clone())
            .collect()
    }

    /// Counts a message against the channel's pace; how long to wait where it is too early.
    pub(super) fn take_turn(&mut self, channel: &str, settings: &Settings) -> Result<(), Duration> {
        let now = Instant::now();
        let used = self.used.entry(channel.to_owned()).or_insert(now);
        let ahead = used.saturating_duration_since(now);
        let allowed = settings.pace * settings.burst.saturating_sub(1);
        if ahead > allowed {
            return Err(ahead - allowed);
        }
        *used = (*used).max(now) + settings.pace;
        Ok(())
    }

    pub(super) fn post(&mut self, channel: &str, text: &str, blocks: &Value) -> String {
        self.number += 1;
        let ts = format!("1793494923.{:06}", self.number);
        let message = Message {
            channel: channel.to_owned(),
            ts: ts.clone(),
            text: text.to_owned(),
            blocks: blocks.clone(),
            before: Vec::new(),
            is_in_doubt: false,
        };
        self.messages.push(Posted {
            message,
            at: Instant::now(),
        });
        ts
    }

    /// Changes a message.
    ///
    /// # Errors
    /// Slack's code.
    pub(super) fn update(
        &mut self,
        channel: &str,
        ts: &str,
        text: &str,
        blocks: &Value,
        editable_for: Option<Duration>,
    ) -> Result<(), &'static str> {
        let found = self.messages.iter_mut();
        let mut found = found.filter(|posted| posted.message.channel == channel && posted.message.ts == ts);
        let posted = found.next().ok_or("message_not_found")?;
        if editable_for.is_some_and(|time| posted.at.elapsed() > time) {
            return Err("edit_window_closed");
        }
        let message = &mut posted.message;
        message
            .before
            .push(std::mem::replace(&mut message.text, text.to_owned()));
        message.blocks = blocks.clone();
        Ok(())
    }

    pub(super) fn doubt(&mut self, ts: &str) {
        let mut all = self.messages.iter_mut();
        if let Some(posted) = all.find(|posted| posted.message.ts == ts) {
            posted.message.is_in_doubt = true;
        }
    }

    pub(super) fn delete(&mut self, ts: &str) {
        self.messages.retain(|posted| posted.message.ts != ts);
    }
}
