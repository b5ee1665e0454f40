//! The month, from the event to the mail, on a real PostgreSQL, an emulated AWS and the functions' own
//! programs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod surroundings;

mod browser;
mod clean_month;
mod disturbances;
mod failures;
mod inputs;
mod memory;
mod requests;
mod statistics;
mod variables;
