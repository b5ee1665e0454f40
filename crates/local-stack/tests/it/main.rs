//! Tests through the programs that use the stack: the SDK, cargo-lambda, tokio-postgres.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the clock and call with whatever client is at hand"
)]

mod api_gateway;
mod delivery;
mod disturbances;
mod fault_proxy;
mod invoke_api;
mod kills;
mod moto;
mod postgres;
mod processes;
mod support;
mod tls;
