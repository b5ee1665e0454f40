//! The function in the Lambda emulator, with a stand-in for TeamCity.

#![allow(clippy::print_stdout, reason = "measurements are printed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, reason = "tests measure durations")]

mod channels;
mod failures;
mod once;
mod setup;
mod ten_thousand;
mod tls;
mod token;
