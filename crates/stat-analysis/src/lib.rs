#![doc = include_str!("../README.md")]

pub mod config;
pub mod event;
pub mod handler;

pub mod answer;
pub mod keyword;
pub mod locale;
pub mod mail;
pub mod page;
pub mod personal_data;
pub mod stop_words;
pub mod table;
pub mod term;

pub mod adapters;
