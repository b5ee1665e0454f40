//! The month, from the event to the mail, on a real PostgreSQL, an emulated AWS and the functions' own
//! programs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod clean_month;
mod surroundings;
