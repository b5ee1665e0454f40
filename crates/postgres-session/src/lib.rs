#![doc = include_str!("../README.md")]

mod database;
mod session;
mod settings;

mod address;
mod error_class;
mod iam_token;
mod tls;
mod url_options;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use database::Database;
pub use error_class::{is_answer_of_the_server, is_rejected_data};
pub use session::{Parameters, Rows, SchemaName, Session};
pub use settings::DatabaseSettings;
