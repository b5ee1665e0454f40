//! The month's statistics: which terms a text has, how they compare, and which of them a report shows.

mod category;
pub(crate) mod category_share;
pub(crate) mod change;
pub(crate) mod example;
pub(crate) mod false_discovery;
pub(crate) mod keyword;
mod noun_run;
mod overlap;
mod personal_data;
mod personal_name;
mod phrase;
mod plain_text;
#[cfg(test)]
mod shipped;
pub(crate) mod stop_words;
pub(crate) mod summary;
pub(crate) mod term;
pub(crate) mod term_list;
pub(crate) mod thresholds;
pub(crate) mod vocabulary;
pub(crate) mod written_form;

pub(crate) use overlap::without_overlaps;
#[cfg(any(fuzzing, test))]
pub(crate) use personal_data::mask as masked;
