#![doc = include_str!("../README.md")]

mod config;
mod event;
mod function_response;
mod handler;

mod category_csv;
mod csv_file;
mod findings;
mod keyword_csv;
mod mail;
mod number_format;
mod page;
mod report_keys;
mod statistics;
mod wording;
mod workbook;

mod adapters;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use handler::StatAnalysis;
