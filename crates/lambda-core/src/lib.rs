#![doc = include_str!("../README.md")]

pub mod aws;
pub mod clock;
pub mod deadline;
pub mod invalid_event;
pub mod invocation;
#[cfg(feature = "invoke")]
pub mod invoke;
pub mod metrics;
pub mod run;
pub mod secrets;
pub mod telemetry;
pub mod variables;
