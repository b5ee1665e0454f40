//! Whole months, from the event to the mail, with a real PostgreSQL, an emulated AWS and the functions' binaries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod setup;

mod browser;
mod categories;
mod checks;
mod clean_month;
mod disturbances;
mod failures;
mod inputs;
mod memory;
mod pgbouncer;
mod report_files;
mod requests;
mod statistics;
mod variables;
