//! Word lists, from a file or from S3.

use anyhow::Context;

use super::s3::S3;
use crate::config::WordFile;

/// First line of a list that replaces the shipped one.
const REPLACE: &str = "#replace";

/// A shipped list and the user's own list, which extends it.
pub(crate) struct WordLists {
    /// Shipped list; empty if the first line of the own list is `#replace`.
    pub(crate) shipped: &'static str,
    pub(crate) own: String,
}

impl WordLists {
    /// Reads the own list, if there is one.
    pub(crate) async fn read(s3: &S3, file: &WordFile, shipped: &'static str) -> anyhow::Result<Self> {
        let own = match file {
            WordFile::Shipped => String::new(),
            WordFile::Path(path) => {
                std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?
            }
            WordFile::S3 { bucket, key } => s3.read_text(bucket, key).await?,
        };
        Ok(Self::new(shipped, own))
    }

    fn new(shipped: &'static str, own: String) -> Self {
        let first = own.trim_start_matches('\u{feff}').lines().next();
        let is_replaced = first.is_some_and(|line| line.trim() == REPLACE);
        let shipped = if is_replaced { "" } else { shipped };
        Self { shipped, own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(own: &str, expected_shipped: &str) {
        assert_eq!(
            WordLists::new("가", own.to_owned()).shipped,
            expected_shipped,
            "{own:?}"
        );
    }

    #[test]
    fn a_list_extends_the_shipped_one() {
        check("", "가");
        check("나\n#replace\n", "가");
        check("# replaces nothing\n나", "가");
    }

    #[test]
    fn a_list_that_begins_with_replace_replaces_the_shipped_one() {
        check("#replace\n나\n", "");
        check("\u{feff}#replace \r\n나\r\n", "");
    }
}
