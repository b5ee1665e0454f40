#![doc = include_str!("../README.md")]

pub mod analysis_functions;
pub mod building;
pub mod period;
pub mod report;
pub mod run;
pub mod task;

pub mod database;
pub mod fence;
pub mod migrations;
pub mod tls;
