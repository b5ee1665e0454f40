//! Tests of the function in the Lambda emulator, against a Slack stand-in, moto and Slack's own models.

#![allow(clippy::print_stdout, reason = "a measurement is printed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot continue should fail")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests read the clock, and a variable renews the snapshots"
)]

mod batch;
mod checks;
mod crash;
mod deliveries;
mod failed_tests;
mod history;
mod log_tail;
mod models;
mod reconciliation;
mod routes;
mod secrets;
mod setup;
mod shared_message;
mod slack_responses;
mod snapshots;
mod thousand;
mod thread;
