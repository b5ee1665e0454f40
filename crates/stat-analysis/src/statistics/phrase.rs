//! Phrases of a noun and a verb that mean a term: 물이 새요 is a leak.

use std::collections::HashMap;

use ko_morph::{Morpheme, Tag, Worker};

use super::term_list::{TermId, TermList};

/// Phrases among the spellings of a list: those that end in a verb (물이 새다).
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    /// Patterns by their noun.
    by_noun: HashMap<Box<str>, Vec<Pattern>>,
    /// Verbs that mean a term without a noun (들뜨다).
    verbs: HashMap<Box<str>, TermId>,
}

#[derive(Debug)]
struct Pattern {
    stem: Box<str>,
    /// True with 안 or 못 before the verb.
    is_negated: bool,
    term: TermId,
}

/// The clause that is being read: nouns of phrases, and whether 안 or 못 has followed them.
#[derive(Debug, Default)]
pub(crate) struct Clause {
    nouns: Vec<Box<str>>,
    is_negated: bool,
}

/// Syllables of the shortest stem that means a term without a noun: 같 in a misspelt 갇히다 is in every text.
const SHORTEST_VERB: usize = 2;
/// Nouns of one clause that are remembered: 수도 물이 천장에서 새요 has three.
const NOUNS_OF_CLAUSE: usize = 4;

impl Phrases {
    /// Analyses the spellings that end like the dictionary form of a verb.
    pub(crate) fn of(terms: &TermList, worker: &mut Worker<'_>) -> Self {
        let mut phrases = Self::default();
        for (spelling, term) in terms.phrases() {
            phrases.add(spelling, term, worker);
        }
        phrases
    }

    /// Returns noun, stem and term of each phrase, and each verb that means a term without a noun.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Option<&str>, &str, TermId)> {
        let patterns = self.by_noun.iter().flat_map(|(noun, patterns)| {
            let patterns = patterns.iter();
            patterns.map(|pattern| (Some(noun.as_ref()), pattern.stem.as_ref(), pattern.term))
        });
        let verbs = self.verbs.iter().map(|(stem, term)| (None, stem.as_ref(), *term));
        patterns.chain(verbs)
    }

    /// Adds a phrase. A spelling without a verb is none.
    fn add(&mut self, spelling: &str, term: TermId, worker: &mut Worker<'_>) {
        let (mut noun, mut is_negated) = (String::new(), false);
        for morpheme in worker.morphemes(spelling) {
            if is_verb(morpheme.tag) {
                let stem = morpheme.surface.into();
                if noun.is_empty() {
                    if morpheme.surface.chars().count() >= SHORTEST_VERB {
                        self.verbs.insert(stem, term);
                    }
                } else {
                    let pattern = Pattern {
                        stem,
                        is_negated,
                        term,
                    };
                    self.by_noun.entry(noun.into()).or_default().push(pattern);
                }
                return;
            }
            is_negated |= is_negation(&morpheme);
            if morpheme.tag.is_noun() {
                noun.clear();
                noun.push_str(morpheme.surface);
            }
        }
    }
}

impl Clause {
    /// Adds a noun.
    pub(crate) fn add_noun(&mut self, phrases: &Phrases, noun: &str) {
        if self.nouns.len() < NOUNS_OF_CLAUSE && phrases.by_noun.contains_key(noun) {
            self.nouns.push(noun.into());
        }
    }

    /// Adds a morpheme that is no noun, and returns the term of the phrase that ends with it.
    pub(crate) fn add(&mut self, phrases: &Phrases, morpheme: &Morpheme<'_>) -> Option<TermId> {
        if is_verb(morpheme.tag) {
            let term = self.phrase(phrases, morpheme.surface);
            return term.or_else(|| phrases.verbs.get(morpheme.surface).copied());
        }
        match morpheme.tag {
            Tag::EF | Tag::EC | Tag::ETM | Tag::SF => self.clear(),
            _ => self.is_negated |= is_negation(morpheme),
        }
        None
    }

    pub(crate) fn clear(&mut self) {
        self.nouns.clear();
        self.is_negated = false;
    }

    fn phrase(&self, phrases: &Phrases, stem: &str) -> Option<TermId> {
        let patterns = self
            .nouns
            .iter()
            .rev()
            .filter_map(|noun| phrases.by_noun.get(noun));
        let mut patterns = patterns.flatten();
        let found = patterns.find(|it| *it.stem == *stem && it.is_negated == self.is_negated);
        found.map(|pattern| pattern.term)
    }
}

fn is_verb(tag: Tag) -> bool {
    matches!(tag, Tag::VV | Tag::VA | Tag::XSV)
}

fn is_negation(morpheme: &Morpheme<'_>) -> bool {
    morpheme.tag == Tag::MAG && matches!(morpheme.surface, "안" | "못")
}
