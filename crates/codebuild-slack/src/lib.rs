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

pub use handler::CodeBuildSlack;
