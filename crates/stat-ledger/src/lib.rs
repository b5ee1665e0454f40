#![doc = include_str!("../README.md")]

pub mod analysis_functions;
pub mod period;
pub mod task_event;

mod ledger;

pub mod migrations;

pub use ledger::{building, fence, report, run, task};
