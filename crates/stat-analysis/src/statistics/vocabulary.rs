//! The word lists by which a text becomes terms.

use ko_morph::{Analyser, Dictionary, Morpheme, UserDictionary, UserDictionaryError, Worker};

use super::phrase::Phrases;
use super::stop_words::StopWords;
use super::term_list::TermList;

/// Stop words and terms.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) stop_words: StopWords,
    pub(crate) terms: TermList,
    pub(crate) phrases: Phrases,
}

impl Vocabulary {
    /// Joins the lists. The worker analyses the phrases among the spellings.
    pub(crate) fn new(stop_words: StopWords, terms: TermList, worker: &mut Worker<'_>) -> Self {
        Self {
            phrases: Phrases::of(&terms, worker),
            stop_words,
            terms,
        }
    }

    /// Returns the versions of the lists.
    pub(crate) fn version(&self) -> String {
        format!(
            "stop words {}, terms {}",
            self.stop_words.version(),
            self.terms.version()
        )
    }
}

/// Builds the analyser, which also knows the words of the list of terms.
///
/// # Errors
/// When the list has a word that is too long.
pub(crate) fn analyser(
    dictionary: Dictionary,
    words: UserDictionary,
    terms: &TermList,
) -> Result<Analyser, UserDictionaryError> {
    let analyser = Analyser::new(dictionary, words);
    let unknown = UserDictionary::parse(&unknown_words(terms, &analyser))?;
    Ok(analyser.extended_by(unknown))
}

/// Returns the words of the list that the analyser would take apart or guess, as lines of a user dictionary. Compounds of
/// known nouns are not among them.
///
/// A spelling with Latin letters gives the Hangul beside them as the word: 유플러스 of LG유플러스.
fn unknown_words(terms: &TermList, analyser: &Analyser) -> String {
    let (lexicon, mut worker) = (analyser.lexicon(), analyser.worker());
    let is_hangul = |c: char| ('가'..='힣').contains(&c);
    let words = terms.words().map(|(spelling, _)| spelling);
    let spellings = words.filter(|spelling| !spelling.contains(' '));
    let words = spellings.flat_map(|spelling| spelling.split(move |c| !is_hangul(c)));
    let mut words: Vec<&str> = words
        .filter(|word| word.chars().count() >= 2 && !lexicon.contains(word))
        .filter(|word| !is_compound(word, &mut worker))
        .collect();
    words.sort_unstable();
    words.dedup();
    words.iter().map(|word| format!("{word},NNG\n")).collect()
}

/// Returns whether the analyser finds known nouns of two or more syllables in the word, and nothing else.
fn is_compound(word: &str, worker: &mut Worker<'_>) -> bool {
    let mut rest = word;
    let is_noun = |morpheme: Morpheme<'_>| {
        // The surface of a misspelt word is the right one.
        let Some(after) = rest.strip_prefix(morpheme.surface) else {
            return false;
        };
        rest = after;
        morpheme.known && morpheme.tag.is_noun() && morpheme.surface.chars().count() >= 2
    };
    worker.morphemes(word).all(is_noun)
}
