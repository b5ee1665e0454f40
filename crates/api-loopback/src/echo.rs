//! The echo of an event.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::context::Context;

/// An event as it came, except for its secrets, and the context of its invocation.
#[derive(Debug, Serialize)]
pub struct Echo {
    event: Box<RawValue>,
    context: Context,
    /// Text that fills the response up to the requested size.
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<String>,
}

impl Echo {
    /// Builds an echo of at least `bytes` bytes as JSON. It is never cut.
    pub(crate) fn new(event: Box<RawValue>, context: Context, bytes: usize) -> serde_json::Result<Self> {
        let mut echo = Self {
            event,
            context,
            padding: None,
        };
        let length = json_length(&echo)?;
        if length < bytes {
            let frame = r#","padding":"""#.len();
            echo.padding = Some("x".repeat(bytes.saturating_sub(length + frame)));
        }
        Ok(echo)
    }
}

/// Returns the length of a value as JSON, in bytes, without keeping the JSON in memory.
pub(crate) fn json_length(value: &impl Serialize) -> serde_json::Result<usize> {
    struct Counter(usize);
    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, value)?;
    Ok(counter.0)
}
