//! Makes an image of a lexicon.
//!
//! The builder knows nothing of files' sizes or of one dictionary: [`read_mecab`] makes a [`Lexicon`] of
//! MeCab's compiled files, a test makes one of a handful of words, and [`image`] makes an image of either.
//! The same lexicon makes the same image, byte for byte.

mod characters;
mod connections;
mod entries;
mod feature;
mod lexicon;
mod mecab;
mod trie;
mod weights;
mod writer;

use std::path::PathBuf;

pub use lexicon::{CharacterRule, Lexicon, LexiconWord};
pub use mecab::read_mecab;
#[cfg(any(feature = "train", test))]
pub(crate) use weights::fingerprint;
pub use weights::{Weights, WeightsError};
#[cfg(any(feature = "train", test))]
pub(crate) use writer::image_to_train;
pub use writer::{image, learned_image};

/// Why an image cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file of the dictionary cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what MeCab writes.
    #[error("{file} is not as MeCab writes it: {problem}")]
    Malformed {
        /// The file's name.
        file: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A word that no image can hold.
    #[error("{surface:?} cannot be in an image: {problem}")]
    Word {
        /// The word.
        surface: String,
        /// What is wrong.
        problem: String,
    },
    /// The lexicon does not hang together.
    #[error("the lexicon cannot be an image: {0}")]
    Lexicon(&'static str),
}
