#![doc = include_str!("../README.md")]

mod config;
mod event;
mod function_response;
mod handler;

mod event_name;
mod notification;
mod upload;

mod route;
mod route_fields;
mod template;

mod build_plan;
mod build_request;
mod time_share;
mod upload_builds;

mod adapters;

pub use handler::S3ToTeamCity;
