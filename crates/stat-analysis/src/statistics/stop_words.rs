//! Stop words: nouns that carry no information in a report.

use std::collections::HashSet;

use xxhash_rust::xxh64::xxh64;

/// The default list, for building management.
pub(crate) const SHIPPED: &str = include_str!("../../data/stop-words.txt");

/// Nouns that never become terms.
#[derive(Clone, Debug, Default)]
pub(crate) struct StopWords(HashSet<Box<str>>);

impl StopWords {
    /// Parses the words of both lists: one per line; lines that begin with `#` are comments.
    pub(crate) fn parse(shipped: &str, own: &str) -> Self {
        let lists = [shipped, own].into_iter();
        let lines = lists.flat_map(|list| list.trim_start_matches('\u{feff}').lines().map(str::trim));
        let words = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(words.map(|word| ko_morph::normalise(word).into()).collect())
    }

    pub(crate) fn contains(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Returns a short hash of the words. Their order does not matter.
    pub(crate) fn version(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        let mut words: Vec<&str> = self.0.iter().map(AsRef::as_ref).collect();
        words.sort_unstable();
        format!("{:012x}", xxh64(words.join("\n").as_bytes(), 0) >> 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_words_and_skips_comments() {
        let words = StopWords::parse("# greetings\n안녕\n", "\u{feff}#\n 감사 \r\n");
        assert!(words.contains("안녕") && words.contains("감사"));
        assert!(!words.contains("# greetings") && !words.contains(""));
    }

    #[test]
    fn the_version_depends_on_the_words_alone() {
        assert_eq!(
            StopWords::parse("안녕\n감사", "").version(),
            StopWords::parse("감사\n#x\n", "안녕").version()
        );
        assert_ne!(
            StopWords::parse("안녕", "").version(),
            StopWords::parse("감사", "").version()
        );
        assert_eq!(StopWords::parse("", "").version(), "none");
    }
}
