//! The function in the Lambda emulator, alone and behind an API Gateway's stage made from `infra/api-loopback/openapi.yaml`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests read the clock and need no time-outs"
)]

mod echo;
mod gateway;
mod passthrough;
mod planted_secrets;
mod response_options;
mod secrets;
mod setup;
