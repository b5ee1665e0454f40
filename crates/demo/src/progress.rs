//! How far it is: a line that changes in a terminal, a line now and then elsewhere.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use super::screen;

/// In a log, how often a line says how far it is.
const EVERY: Duration = Duration::from_secs(10);

/// The line.
pub struct Progress {
    is_terminal: bool,
    last: Instant,
}

impl Progress {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self {
            is_terminal: std::io::stdout().is_terminal(),
            last: Instant::now(),
        }
    }

    /// Shows how far it is.
    pub fn update(&mut self, text: &str) {
        if self.is_terminal {
            // Back to the line's begin, which is cleared.
            write!(std::io::stdout(), "\r\x1b[2K  {text} …").ok();
            std::io::stdout().flush().ok();
        } else if self.last.elapsed() >= EVERY {
            screen::line(format!("  {text} …"));
            self.last = Instant::now();
        }
    }

    /// Makes way for something that stays.
    pub fn clear(&mut self) {
        if self.is_terminal {
            write!(std::io::stdout(), "\r\x1b[2K").ok();
            std::io::stdout().flush().ok();
        }
        self.last = Instant::now();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
