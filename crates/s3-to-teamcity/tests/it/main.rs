//! The function in the Lambda emulator, against a TeamCity server's stand-in.

#![allow(clippy::print_stdout, reason = "a measurement is told")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the clock, to say how long something took"
)]

mod channels;
mod failures;
mod once;
mod stage;
mod ten_thousand;
mod tls;
mod token;
