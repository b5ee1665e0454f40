#![doc = include_str!("../README.md")]

pub mod config;
pub mod event;
pub mod handler;

pub mod answer;
pub mod stage;

pub mod access_format;
pub mod log_group;
pub mod retention;
pub mod rule;

pub mod cursor;
pub mod groups;
pub mod plan;

pub mod adapters;
