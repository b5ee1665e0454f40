//! An event that no retry will mend.

use std::fmt::Display;

/// The event is not what this function accepts. Says what was expected and never what came: an event
/// may hold what must not stand in a log.
#[derive(Debug, thiserror::Error)]
#[error("unknown event: {0}")]
pub struct InvalidEvent(String);

impl InvalidEvent {
    /// `expected` completes the sentence "unknown event: …".
    pub fn new(expected: impl Display) -> Self {
        Self(expected.to_string())
    }
}
