#![doc = include_str!("../README.md")]

mod config;
mod event;
mod function_response;
mod handler;

mod batch_operations;
mod event_name;
mod notification;
mod upload;

mod key_pattern;
mod route;
mod route_fields;
mod route_reach;
mod template;

mod build_plan;
mod build_request;
mod build_tag;
mod time_share;
mod upload_builds;

mod adapters;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use handler::S3ToTeamCity;
