#![doc = include_str!("../README.md")]

pub mod config;
pub mod event;
pub mod handler;

pub mod answer;
pub mod context;
pub mod refusal;
pub mod secret;
pub mod wish;
