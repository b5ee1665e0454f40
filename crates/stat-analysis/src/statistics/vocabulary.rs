//! The word lists by which a text becomes terms.

use super::stop_words::StopWords;
use super::term_list::TermList;

/// Stop words and terms.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) stop_words: StopWords,
    pub(crate) terms: TermList,
}

impl Vocabulary {
    /// Returns the versions of the lists.
    pub(crate) fn version(&self) -> String {
        format!(
            "stop words {}, terms {}",
            self.stop_words.version(),
            self.terms.version()
        )
    }
}
