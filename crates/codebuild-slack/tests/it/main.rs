//! The function in the Lambda emulator, against a Slack workspace's stand-in, moto and Slack's own models.

#![allow(clippy::print_stdout, reason = "a measurement is told")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the clock and are asked to renew snapshots by a variable"
)]

mod answers;
mod crash;
mod history;
mod log_tail;
mod models;
mod one_at_a_time;
mod one_message;
mod routes;
mod secrets;
mod snapshots;
mod stage;
mod thousand;
