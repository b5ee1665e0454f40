#![doc = include_str!("../README.md")]

pub mod config;
pub mod event;
pub mod handler;

pub mod answer;
pub mod build_request;
pub mod duplicates;
pub mod event_name;
pub mod notification;
pub mod plan;
pub mod route;
pub mod route_settings;
pub mod share;
pub mod template;
pub mod upload;

pub mod adapters;
