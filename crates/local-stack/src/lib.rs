#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are kept out of the functions; this is the world around them"
)]

pub mod api_gateway;
pub mod binary;
pub mod browser;
pub mod certificate;
pub mod fault_proxy;
pub mod lambda;
pub mod month;
pub mod moto;
pub mod postgres;
pub mod process;
pub mod slack;
pub mod teamcity;
pub mod topic;

mod background;
mod guardian;
mod http;
mod tls_front;
mod venv;

pub use api_gateway::ApiGateway;
pub use binary::function_binary;
pub use browser::{Browser, Window};
pub use fault_proxy::{Fault, FaultProxy, Match};
pub use lambda::{Decision, Emulator, Function, Invocation, InvokeCall, Outcome};
pub use month::Month;
pub use moto::Moto;
pub use postgres::PostgresServer;
pub use slack::Slack;
pub use teamcity::TeamCity;
pub use topic::{Mail, Topic};
