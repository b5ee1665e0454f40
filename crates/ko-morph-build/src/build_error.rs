use std::path::PathBuf;

/// An error of a dictionary that cannot become an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file of the dictionary cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// A file does not have the layout of MeCab 0.996.
    #[error("{file} does not have MeCab's layout: {problem}")]
    Malformed {
        /// Name of the file.
        file: &'static str,
        /// Description of the problem.
        problem: String,
    },
    /// An image cannot hold a word.
    #[error("an image cannot hold the word {surface:?}: {problem}")]
    Word {
        /// Surface of the word.
        surface: String,
        /// Description of the problem.
        problem: String,
    },
    /// The parts of the lexicon contradict each other or the weights.
    #[error("could not build an image of the lexicon: {0}")]
    Lexicon(&'static str),
}

impl BuildError {
    pub(crate) fn word(surface: &str, problem: impl Into<String>) -> Self {
        Self::Word {
            surface: surface.to_owned(),
            problem: problem.into(),
        }
    }
}
