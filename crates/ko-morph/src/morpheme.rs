use crate::analyser::{Word, Words};
use crate::image::Parts;
use crate::tag::Tag;

/// A morpheme: the smallest piece of a text that has a meaning of its own.
#[derive(Clone, Debug)]
pub struct Morpheme<'t> {
    /// Dictionary form. The stem and endings of an inflected word need not occur in the text.
    pub surface: &'t str,
    /// Part of speech of the morpheme.
    pub tag: Tag,
    /// True if the morpheme starts an eojeol: it follows a space or control character, or starts a line.
    pub word_start: bool,
    /// True if a dictionary has the word to which the morpheme belongs.
    pub known: bool,
    /// True if the morpheme is a word of the user dictionary.
    pub from_user_dictionary: bool,
    parts: Parts<'t>,
}

impl<'t> Morpheme<'t> {
    /// Returns an iterator over the nouns of a compound noun. Empty for any other morpheme.
    pub fn parts(&self) -> Parts<'t> {
        self.parts.clone()
    }
}

/// An iterator over the morphemes of a text, returned by [`Worker::morphemes`](crate::Worker::morphemes).
pub struct Morphemes<'w, 't> {
    words: Words<'w, 't>,
    /// Remaining parts of the current inflected word.
    parts: Parts<'t>,
    /// True if the next part starts an eojeol.
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
                from_user_dictionary,
            } = self.words.next()?;
            let parts = analysis.parts(surface);
            if analysis.is_expanded() {
                (self.parts, self.word_start) = (parts, starts_eojeol);
                continue;
            }
            return Some(Morpheme {
                surface,
                tag: analysis.tag(),
                word_start: starts_eojeol,
                known,
                from_user_dictionary,
                parts,
            });
        }
    }
}
