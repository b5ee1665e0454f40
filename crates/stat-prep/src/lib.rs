#![doc = include_str!("../README.md")]

mod config;
mod event;
mod function_response;
mod handler;

mod overdue_warning;
mod resume_schedule;
mod run_decision;
mod task_plan;

mod adapters;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use handler::StatPrep;
