#![doc = include_str!("../README.md")]

pub mod config;
pub mod event;
pub mod handler;

pub mod answer;
pub mod change;
pub mod example;
pub mod keyword;
pub mod locale;
pub mod mail;
pub mod overlap;
pub mod page;
pub mod personal_data;
pub mod stop_words;
pub mod summary;
pub mod table;
pub mod term;

pub mod adapters;
