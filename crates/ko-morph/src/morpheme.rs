use std::ops::Range;

use crate::analyser::{Word, Words};
use crate::image::Parts;
use crate::tag::Tag;

/// A morpheme: the smallest piece of a text that has a meaning of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Morpheme<'t> {
    /// Dictionary form. The stem and endings of an inflected word need not occur in the text.
    pub surface: &'t str,
    /// Part of speech of the morpheme.
    pub tag: Tag,
    /// Number of the [token](crate::Token) to which the morpheme belongs, from 0. The morphemes of an inflected word have
    /// the same number.
    pub token: usize,
    /// Offset of the token in the text, in bytes.
    pub start: usize,
    /// End of the token in the text, in bytes.
    pub end: usize,
    /// True if the morpheme starts an eojeol: it follows a space or control character, or starts a line.
    pub word_start: bool,
    /// True if a dictionary has the word to which the morpheme belongs.
    pub known: bool,
    /// True if the morpheme is, or belongs to, a word of the user dictionary.
    pub from_user_dictionary: bool,
    parts: Parts<'t>,
}

impl<'t> Morpheme<'t> {
    /// Returns an iterator over the nouns of a compound noun. Empty for any other morpheme.
    pub fn parts(&self) -> Parts<'t> {
        self.parts.clone()
    }

    /// Returns the bytes of the text that the morpheme's token covers.
    ///
    /// All morphemes of an inflected word have the range of the whole word, because their forms may share characters: 봤
    /// is 보 and 았.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Serialises the fields, and the nouns of a compound as `parts`: a list of pairs of form and tag.
#[cfg(feature = "serde")]
impl serde::Serialize for Morpheme<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("Morpheme", 9)?;
        fields.serialize_field("surface", self.surface)?;
        fields.serialize_field("tag", &self.tag)?;
        fields.serialize_field("token", &self.token)?;
        fields.serialize_field("start", &self.start)?;
        fields.serialize_field("end", &self.end)?;
        fields.serialize_field("word_start", &self.word_start)?;
        fields.serialize_field("known", &self.known)?;
        fields.serialize_field("from_user_dictionary", &self.from_user_dictionary)?;
        fields.serialize_field("parts", &self.parts().collect::<Vec<_>>())?;
        fields.end()
    }
}

/// An iterator over the morphemes of a text, returned by [`Worker::morphemes`](crate::Worker::morphemes).
pub struct Morphemes<'w, 't> {
    words: Words<'w, 't>,
    /// The current inflected word, as its next morpheme. Its parts are the morphemes that remain.
    inflected: Option<Morpheme<'t>>,
}

impl<'w, 't> Morphemes<'w, 't> {
    pub(crate) fn new(words: Words<'w, 't>) -> Self {
        Self {
            words,
            inflected: None,
        }
    }
}

impl<'t> Iterator for Morphemes<'_, 't> {
    type Item = Morpheme<'t>;

    fn next(&mut self) -> Option<Morpheme<'t>> {
        loop {
            if let Some(word) = &mut self.inflected {
                if let Some((surface, tag)) = word.parts.next() {
                    return Some(Morpheme {
                        surface,
                        tag,
                        word_start: std::mem::take(&mut word.word_start),
                        parts: Parts::default(),
                        ..*word
                    });
                }
                self.inflected = None;
            }
            let Word {
                surface,
                start,
                number,
                analysis,
                starts_eojeol,
                known,
                from_user_dictionary,
            } = self.words.next()?;
            let morpheme = Morpheme {
                surface,
                tag: analysis.tag(),
                token: number,
                start,
                end: start + surface.len(),
                word_start: starts_eojeol,
                known,
                from_user_dictionary,
                parts: analysis.parts(surface),
            };
            if !analysis.is_expanded() {
                return Some(morpheme);
            }
            self.inflected = Some(morpheme);
        }
    }
}
