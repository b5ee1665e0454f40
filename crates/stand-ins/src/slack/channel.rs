use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Settings;

/// Channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Id, such as `C0BUILDS`.
    pub id: String,
    /// Name without `#`.
    pub name: String,
    /// True for an archived channel, which accepts no messages.
    pub is_archived: bool,
    /// True if the app is a member, and may post.
    pub is_member: bool,
    /// True if only members may see it and post to it.
    pub is_private: bool,
}

impl Channel {
    /// Returns a channel with the app as a member.
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            is_archived: false,
            is_member: true,
            is_private: false,
        }
    }
}

/// Message with its current content.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Id of the channel.
    pub channel: String,
    /// Timestamp, which is the message's id.
    pub ts: String,
    /// Timestamp of the message whose thread this one belongs to.
    pub thread: Option<String>,
    /// `true` if the channel shows this message of a thread too.
    pub is_broadcast: bool,
    /// Text of notifications.
    pub text: String,
    /// Blocks that people see.
    pub blocks: Value,
    /// Earlier texts.
    pub before: Vec<String>,
    /// Whether the response to its post was lost.
    pub response_was_lost: bool,
}

/// Place of a message in its channel.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Timestamp of the message whose thread the new one belongs to.
    pub(super) thread: Option<String>,
    /// `true` if the channel shows a message of a thread too.
    pub(super) is_broadcast: bool,
}

/// Messages and rate limits of all channels.
#[derive(Debug, Default)]
pub(super) struct Channels {
    messages: Vec<Posted>,
    number: u64,
    /// Moment up to which each channel's pace is used up.
    used: BTreeMap<String, Instant>,
    /// Look-ups of members in the last minute.
    lookups: VecDeque<Instant>,
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

    /// Counts a message against the channel's pace.
    ///
    /// # Errors
    /// Returns the time to wait.
    pub(super) fn check_pace(&mut self, channel: &str, settings: &Settings) -> Result<(), Duration> {
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

    /// Counts a look-up of a member against the limit of its method.
    ///
    /// # Errors
    /// Returns the time to wait.
    pub(super) fn check_lookups(&mut self, settings: &Settings) -> Result<(), Duration> {
        const MINUTE: Duration = Duration::from_secs(60);
        while self.lookups.front().is_some_and(|at| at.elapsed() >= MINUTE) {
            self.lookups.pop_front();
        }
        if self.lookups.len() >= settings.lookups_per_minute {
            let oldest = self.lookups.front().map_or(Duration::ZERO, Instant::elapsed);
            return Err(MINUTE.saturating_sub(oldest));
        }
        self.lookups.push_back(Instant::now());
        Ok(())
    }

    /// Posts a message, in the thread of another one if `place` has a thread.
    ///
    /// # Errors
    /// Returns Slack's error code.
    pub(super) fn post(
        &mut self,
        channel: &str,
        text: &str,
        blocks: &Value,
        place: &Place,
        response_was_lost: bool,
    ) -> Result<String, &'static str> {
        // A thread has one level: a message of a thread has none of its own.
        let is_parent = |posted: &Posted| {
            let message = &posted.message;
            message.channel == channel
                && Some(&message.ts) == place.thread.as_ref()
                && message.thread.is_none()
        };
        if place.thread.is_some() && !self.messages.iter().any(is_parent) {
            return Err("thread_not_found");
        }
        self.number += 1;
        let ts = format!("1793494923.{:06}", self.number);
        let message = Message {
            channel: channel.to_owned(),
            ts: ts.clone(),
            thread: place.thread.clone(),
            is_broadcast: place.is_broadcast,
            text: text.to_owned(),
            blocks: blocks.clone(),
            before: Vec::new(),
            response_was_lost,
        };
        self.messages.push(Posted {
            message,
            at: Instant::now(),
        });
        Ok(ts)
    }

    /// Updates a message.
    ///
    /// # Errors
    /// Returns Slack's error code.
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

    pub(super) fn delete(&mut self, ts: &str) {
        self.messages.retain(|posted| posted.message.ts != ts);
    }
}
