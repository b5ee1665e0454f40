#![doc = include_str!("../README.md")]

pub mod config;
pub mod event;
pub mod handler;

pub mod answer;
pub mod build;
pub mod console;
pub mod initiator;
pub mod locale;
pub mod log_tail;
pub mod mask;
pub mod mention;
pub mod message;
pub mod moment;
pub mod mrkdwn;
pub mod phase;
pub mod rank;
pub mod recent;
pub mod record;
pub mod route;
pub mod source;
pub mod status;
pub mod verdict;

pub mod adapters;
