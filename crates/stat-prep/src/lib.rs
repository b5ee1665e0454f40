#![doc = include_str!("../README.md")]

pub mod config;
pub mod event;
pub mod handler;

pub mod answer;
pub mod decision;
pub mod plan;
pub mod warning;

pub mod adapters;
