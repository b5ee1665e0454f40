use std::ops::Range;

use crate::analyser::{Word, Words};

/// A token: a word as MeCab prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Token<'t> {
    /// Piece of the text that the token covers.
    pub surface: &'t str,
    /// Offset of the surface in the text, in bytes.
    pub start: usize,
    /// Part of speech; of an inflected word the tags of its morphemes, joined with `+`.
    pub tag: &'t str,
    /// True if the token starts an eojeol: it follows a space or control character, or starts a line.
    pub word_start: bool,
    /// True if the dictionary or the user dictionary has the word.
    pub known: bool,
    /// True if the token is a word of the user dictionary.
    pub from_user_dictionary: bool,
}

impl Token<'_> {
    /// Returns the bytes of the text that the token covers: `text[token.range()]` is the surface.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.surface.len()
    }
}

/// An iterator over the tokens of a text, returned by [`Worker::tokens`](crate::Worker::tokens).
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
            start,
            analysis,
            starts_eojeol,
            known,
            from_user_dictionary,
            ..
        } = self.words.next()?;
        Some(Token {
            surface,
            start,
            tag: analysis.label(),
            word_start: starts_eojeol,
            known,
            from_user_dictionary,
        })
    }
}
