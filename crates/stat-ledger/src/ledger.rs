//! The ledger of runs and tasks.

pub mod building;
pub mod fence;
pub mod report;
pub mod run;
pub mod task;
