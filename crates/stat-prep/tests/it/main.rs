//! Plans and invocations, on a real PostgreSQL and an emulated AWS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod buildings;
mod checks;
mod fan_out;
mod setup;
mod views;
mod warnings;
