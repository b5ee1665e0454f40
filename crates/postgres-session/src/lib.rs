#![doc = include_str!("../README.md")]

mod database;
mod session;
mod settings;

mod address;
mod error_class;
mod tls;

pub use database::Database;
pub use error_class::is_rejected_data;
pub use session::{SchemaName, Session};
pub use settings::DatabaseSettings;
