//! The function's own program in the emulator: against moto where moto holds to what AWS does, and against a
//! stricter stand-in for API Gateway and CloudWatch Logs where it does not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are kept out of the function, not out of its tests"
)]

mod access_formats;
mod account_role;
mod control_plane;
mod owners;
mod partial_failure;
mod rest_on_moto;
mod surroundings;
mod sweep;
mod sweep_at_scale;
mod throttling;
mod v2;
