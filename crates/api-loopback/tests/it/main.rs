//! The function in the Lambda emulator, alone and behind an API Gateway's stage made from `infra/openapi.yaml`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the clock, and call with whatever client is at hand"
)]

mod echo;
mod gateway;
mod passthrough;
mod secrets;
mod shaping;
mod stage;
