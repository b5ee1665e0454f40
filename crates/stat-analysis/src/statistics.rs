//! The month's statistics: which terms a text has, how they compare, and which of them a report shows.

pub(crate) mod change;
pub(crate) mod example;
pub(crate) mod keyword;
mod overlap;
mod personal_data;
pub(crate) mod stop_words;
pub(crate) mod summary;
pub(crate) mod term;
pub(crate) mod thresholds;

pub(crate) use overlap::without_overlaps;
