//! The tenant's texts, and the report's queries.

mod changes;
mod examples;
mod keywords;
mod summary;
mod texts;

pub use changes::changes;
pub use examples::examples;
pub use keywords::{for_each_keyword, write_keywords};
pub use summary::{comparable_run, summary};
pub use texts::{Text, TextStream};
