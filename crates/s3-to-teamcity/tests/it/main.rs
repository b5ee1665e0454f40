//! The function in the Lambda emulator, with a stand-in for TeamCity.

#![allow(clippy::print_stdout, reason = "measurements are printed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, reason = "tests measure durations")]

mod address;
mod batch_operations;
mod channels;
mod checks;
mod coalescing;
mod event_identity;
mod failures;
mod keys;
mod log_lines;
mod once;
mod permissions;
mod queues;
mod setup;
mod ten_thousand;
mod tls;
mod token;
