#![doc = include_str!("../README.md")]

mod config;
mod event;
mod handler;

mod function_response;
mod stage;

mod access_log_format;
mod execution_log_delivery;
mod log_group_name;
mod log_group_rule;
mod name_glob;
mod retention;
mod retention_rule;

mod cursor;
mod known_log_groups;
mod never_expiring;
mod restoration;
mod settings_difference;

mod adapters;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use handler::ApigwLogRetention;
