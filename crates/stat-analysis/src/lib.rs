#![doc = include_str!("../README.md")]

mod config;
mod event;
mod function_response;
mod handler;

mod change_text;
mod keyword_csv;
mod mail;
mod number_format;
mod page;
mod statistics;

mod adapters;

pub use handler::StatAnalysis;
