//! Runs the function's own program in the emulator: against moto where moto behaves as AWS does, and against the
//! stricter stand-in of API Gateway and CloudWatch Logs for everything else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are kept out of the function, not out of its tests"
)]

mod account_role;
mod checks;
mod configuration_faults;
mod execution_log_delivery;
mod http_and_websocket;
mod large_region;
mod log_groups;
mod owner_settings;
mod partial_failures;
mod report;
mod rest_on_moto;
mod restore;
mod setup;
mod sweep;
mod transient_errors;
