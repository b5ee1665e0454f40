#![doc = include_str!("../README.md")]

mod config;
mod event;
mod handler;

mod context;
mod echo;
mod function_response;
mod rejected_request;
mod response_options;
mod secret;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use handler::ApiLoopback;
