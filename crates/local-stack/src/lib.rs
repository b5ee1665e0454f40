#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are kept out of the functions; this is the world around them"
)]

pub mod api_gateway;
pub mod binary;
pub mod browser;
pub mod certificate;
mod check_report;
pub mod delay_proxy;
pub mod fault_proxy;
pub mod faults;
pub mod http;
pub mod lambda;
mod messages_table;
mod month_results;
pub mod month_stack;
pub mod moto;
pub mod pgbouncer;
pub mod postgres;
pub mod process;
pub mod topic;

pub mod background;
mod child_reaper;
mod event;
mod server_user;
pub mod tls_front;
pub mod venv;
mod webdriver;
pub mod workbook;

pub use api_gateway::ApiGateway;
pub use binary::function_binary;
pub use browser::{Browser, Window};
pub use check_report::CheckReport;
pub use delay_proxy::DelayProxy;
pub use event::event;
pub use fault_proxy::FaultProxy;
pub use faults::{Fault, Faults, Match};
pub use lambda::{Decision, Function, Invocation, InvokeCall, LambdaEmulator, Outcome};
pub use messages_table::MessagesTable;
pub use month_results::MonthResults;
pub use month_stack::MonthStack;
pub use moto::Moto;
pub use pgbouncer::PgBouncer;
pub use postgres::PostgresServer;
pub use proptest;
pub use topic::{Mail, Topic};
pub use webdriver::Element;
pub use workbook::Workbook;
