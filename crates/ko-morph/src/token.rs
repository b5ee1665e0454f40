use crate::analyser::{Word, Words};

/// A word as MeCab prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    /// The piece of the text.
    pub surface: &'t str,
    /// Its part of speech; of an inflected word, those of its morphemes, joined with `+`.
    pub tag: &'t str,
    /// Whether it follows a space or starts the line, and so starts an eojeol.
    pub word_start: bool,
    /// Whether a dictionary has it.
    pub known: bool,
    /// Whether it is a word of the user's.
    pub from_user_dictionary: bool,
}

/// The tokens of a text, made by [`Worker::tokens`](crate::Worker::tokens).
pub struct Tokens<'w, 't> {
    words: Words<'w, 't>,
}

impl<'w, 't> Tokens<'w, 't> {
    pub(crate) fn new(words: Words<'w, 't>) -> Self {
        Self { words }
    }
}

impl<'t> Iterator for Tokens<'_, 't> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let Word {
            surface,
            analysis,
            starts_eojeol,
            known,
            of_user,
        } = self.words.next()?;
        Some(Token {
            surface,
            tag: analysis.label(),
            word_start: starts_eojeol,
            known,
            from_user_dictionary: of_user,
        })
    }
}
