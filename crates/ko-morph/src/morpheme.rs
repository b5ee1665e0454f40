use crate::analyser::{Word, Words};
use crate::analysis::Parts;
use crate::tag::Tag;

/// The smallest piece that has a meaning of its own.
#[derive(Clone, Debug)]
pub struct Morpheme<'t> {
    /// As the dictionary has it: of an inflected word its stem and endings, which need not be in the text.
    pub surface: &'t str,
    /// Its part of speech.
    pub tag: Tag,
    /// Whether it follows a space or starts the line, and so starts an eojeol.
    pub word_start: bool,
    /// Whether a dictionary has it, or the word that it is of.
    pub known: bool,
    /// Whether it is a word of the user's.
    pub from_user_dictionary: bool,
    parts: Parts<'t>,
}

impl<'t> Morpheme<'t> {
    /// The nouns of a compound noun, in their order; nothing for a simple word.
    pub fn parts(&self) -> Parts<'t> {
        self.parts.clone()
    }
}

/// The morphemes of a text, made by [`Worker::morphemes`](crate::Worker::morphemes).
pub struct Morphemes<'w, 't> {
    words: Words<'w, 't>,
    /// What is left of the word that is being taken apart.
    parts: Parts<'t>,
    /// Whether the next part is the first, and so starts an eojeol.
    word_start: bool,
}

impl<'w, 't> Morphemes<'w, 't> {
    pub(crate) fn new(words: Words<'w, 't>) -> Self {
        Self {
            words,
            parts: Parts::default(),
            word_start: false,
        }
    }
}

impl<'t> Iterator for Morphemes<'_, 't> {
    type Item = Morpheme<'t>;

    fn next(&mut self) -> Option<Morpheme<'t>> {
        loop {
            if let Some((surface, tag)) = self.parts.next() {
                return Some(Morpheme {
                    surface,
                    tag,
                    word_start: std::mem::take(&mut self.word_start),
                    known: true,
                    from_user_dictionary: false,
                    parts: Parts::default(),
                });
            }
            let Word {
                surface,
                analysis,
                starts_eojeol,
                known,
                of_user,
            } = self.words.next()?;
            let parts = analysis.parts(surface);
            if analysis.is_expanded() {
                (self.parts, self.word_start) = (parts, starts_eojeol);
                continue;
            }
            return Some(Morpheme {
                surface,
                tag: analysis.tag,
                word_start: starts_eojeol,
                known,
                from_user_dictionary: of_user,
                parts,
            });
        }
    }
}
