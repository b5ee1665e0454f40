#![doc = include_str!("../README.md")]

mod config;
mod event;
mod handler;

mod function_response;
mod stage;

mod access_log_format;
mod log_group_name;
mod retention;
mod retention_rule;

mod cursor;
mod known_log_groups;
mod settings_difference;

mod adapters;

pub use handler::ApigwLogRetention;
