#![doc = include_str!("../README.md")]

mod config;
mod event;
mod function_response;
mod handler;

mod history;
mod mask;
mod message;
mod route;

mod adapters;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use handler::CodeBuildSlack;
