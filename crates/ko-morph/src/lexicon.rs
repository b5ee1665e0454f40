use crate::analyser::Vocabulary;
use crate::image::Analysis;
use crate::image::layout::{HOMOGRAPH_BITS, MOST_HOMOGRAPHS, character_code};
use crate::tag::Tag;

/// The words of a dictionary and of the user, to look up by themselves.
///
/// ```
/// use std::path::Path;
///
/// use ko_morph::{Analyser, Dictionary, Tag, UserDictionary};
///
/// # std::env::set_current_dir("../..")?;
/// let dictionary = Dictionary::open(Path::new("dictionary/ko.image"))?;
/// let analyser = Analyser::new(dictionary, UserDictionary::parse("정산기,NNG")?);
/// let lexicon = analyser.lexicon();
/// assert!(lexicon.has("주차", |tag| tag == Tag::NNG));
/// assert!(lexicon.has("정산기", |tag| tag.is_noun()));
/// assert!(!lexicon.has("주차", |tag| tag == Tag::VV) && !lexicon.contains("정산기가"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Lexicon<'a> {
    vocabulary: Vocabulary<'a>,
}

impl<'a> Lexicon<'a> {
    pub(crate) fn new(vocabulary: Vocabulary<'a>) -> Self {
        Self { vocabulary }
    }

    /// Reports whether a word has an analysis as a single morpheme with a tag that `accepts` returns true for. The word
    /// must be [normalised](crate::normalise).
    pub fn has(&self, word: &str, accepts: impl Fn(Tag) -> bool) -> bool {
        self.entries(word)
            .any(|analysis| !analysis.is_expanded() && accepts(analysis.tag()))
    }

    /// Reports whether the dictionary or the user has the word, as any part of speech.
    pub fn contains(&self, word: &str) -> bool {
        self.entries(word).next().is_some()
    }

    fn entries(&self, word: &str) -> impl Iterator<Item = Analysis<'a>> + use<'a> {
        let Vocabulary { view, user } = self.vocabulary;
        let code = |character: char| {
            view.characters
                .get(character as usize)
                .copied()
                .map_or(0, character_code)
        };
        let length = word.chars().count();
        let mut found = 0..0;
        view.trie.prefixes(word.chars().map(code), |characters, value| {
            if characters == length {
                let first = value >> HOMOGRAPH_BITS;
                found = first..first.saturating_add(value & MOST_HOMOGRAPHS);
            }
        });
        let vocabulary = self.vocabulary;
        let user = user.number(word).into_iter();
        user.chain(found).map(move |entry| vocabulary.analysis(entry))
    }
}
