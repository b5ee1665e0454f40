#![doc = include_str!("../README.md")]

mod authorities;
pub mod aws;
#[cfg(any(feature = "http", feature = "invoke"))]
pub mod backoff;
pub mod check;
pub mod clock;
pub mod credentials;
pub mod deadline;
#[cfg(feature = "http")]
pub mod http;
pub mod invalid_event;
pub mod invocation;
#[cfg(feature = "invoke")]
pub mod invoke;
pub mod locale;
pub mod metrics;
pub mod rules;
pub mod run;
pub mod secrets;
pub mod telemetry;
pub mod variables;
