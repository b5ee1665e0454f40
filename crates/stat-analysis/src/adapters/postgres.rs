//! PostgreSQL: the source texts, and the queries of the report.

mod categories;
mod changes;
mod examples;
mod keywords;
mod summary;
mod texts;

pub(crate) use categories::CategoryPages;
use categories::category_totals;
pub(crate) use changes::changes;
pub(crate) use examples::ExampleSearch;
pub(crate) use keywords::{KeywordPages, write_keywords};
pub(crate) use summary::{comparison, summary};
pub(crate) use texts::{TextStream, UnreadableText};
