#![doc = include_str!("../README.md")]

pub mod analysis_functions;
pub mod checks;
pub mod period;
pub mod rights;
pub mod sources;
pub mod task_event;

mod ledger;

pub mod migrations;

pub use ledger::{building, fence, report, run, task};
