//! The error for an event that no retry can repair.

use std::fmt::Display;

/// The error for an event that the function does not accept.
///
/// The message describes the expected event and never quotes the real one, which may hold secrets or personal data.
#[derive(Debug, thiserror::Error)]
#[error("invalid event: {0}")]
pub struct InvalidEvent(String);

impl InvalidEvent {
    /// Creates the error "invalid event: `expected`".
    pub fn new(expected: impl Display) -> Self {
        Self(expected.to_string())
    }
}
