//! The terms of a building's texts: nouns and compound nouns, counted.

use std::collections::HashMap;

use ko_morph::{Morpheme, Tag, Worker, normalise};
use stat_ledger::building::{Counts, TermCount};

use super::category::CategoryCounter;
use super::personal_data::mask;
use super::thresholds::{GUESSED_TERM_FREQUENCY, LONGEST_TERM, SHORTEST_TERM, SHORTEST_USER_TERM};
use super::vocabulary::Vocabulary;

/// Version of the rules by which a text becomes terms, here and in `personal_data`. It is a part of the analyser's
/// version, since months that were counted by different rules are not comparable. Raise it with every change.
pub(crate) const RULES: u32 = 3;

/// Counts the terms of one building, text by text.
#[derive(Default)]
pub(crate) struct TermCounter {
    documents: i64,
    morphemes: i64,
    terms: HashMap<Box<str>, Occurrences>,
    categories: CategoryCounter,
    compound: Compound,
}

#[derive(Default)]
struct Occurrences {
    frequency: i64,
    documents: i64,
    last_document: i64,
    /// True if a dictionary has the term, at least once; false if the analyser guessed each occurrence.
    is_known: bool,
}

/// The consecutive nouns and affixes of the eojeol that is being read.
#[derive(Default)]
struct Compound {
    text: String,
    morphemes: usize,
    /// True if one of the nouns is no stop word.
    has_content_word: bool,
    /// True if one of the morphemes was guessed.
    is_guessed: bool,
}

impl TermCounter {
    /// Counts the morphemes and the terms of one text.
    ///
    /// A term is a noun, or a compound: the nouns and affixes that stand in one word (eojeol) without anything
    /// between them. The nouns of a compound count as well.
    pub(crate) fn add(&mut self, worker: &mut Worker<'_>, vocabulary: &Vocabulary, text: &str) {
        self.documents += 1;
        let text = normalise(text);
        let text = mask(&text);
        for morpheme in worker.morphemes(&text) {
            self.morphemes += 1;
            if morpheme.word_start || !joins_compound(&morpheme) {
                self.end_compound(vocabulary);
            }
            if joins_compound(&morpheme) {
                self.add_to_compound(vocabulary, &morpheme);
            }
        }
        self.end_compound(vocabulary);
    }

    /// Returns whether the text has the term as a word, and not as a part of one (수도 is not in 그럴 수도).
    pub(crate) fn has_term(text: &str, term: &str, worker: &mut Worker<'_>, vocabulary: &Vocabulary) -> bool {
        let mut counter = Self::default();
        counter.add(worker, vocabulary, text);
        counter.terms.contains_key(term)
    }

    /// Returns the counts, with terms in byte order, and clears the counter.
    ///
    /// A guessed name is a term only if it occurs repeatedly and does not look like a phrase that was typed without
    /// spaces (안닫힙니).
    pub(crate) fn finish(&mut self, vocabulary: &Vocabulary) -> Counts {
        let is_term = |(term, seen): &(Box<str>, Occurrences)| {
            seen.is_known || seen.frequency >= GUESSED_TERM_FREQUENCY && !ends_like_a_phrase(term)
        };
        let count = |(term, seen): (Box<str>, Occurrences)| TermCount {
            term: term.into(),
            frequency: seen.frequency,
            documents: seen.documents,
        };
        let terms = std::mem::take(&mut self.terms).into_iter();
        let mut terms: Vec<TermCount> = terms.filter(is_term).map(count).collect();
        terms.sort_unstable_by(|a, b| a.term.cmp(&b.term));
        let documents = std::mem::take(&mut self.documents);
        Counts {
            documents,
            morphemes: std::mem::take(&mut self.morphemes),
            terms,
            categories: self.categories.finish(&vocabulary.terms, documents),
        }
    }

    fn add_to_compound(&mut self, vocabulary: &Vocabulary, morpheme: &Morpheme<'_>) {
        self.compound.text.push_str(morpheme.surface);
        self.compound.morphemes += 1;
        if morpheme.tag.is_noun() && !vocabulary.stop_words.contains(morpheme.surface) {
            self.compound.has_content_word = true;
            let shortest = if morpheme.from_user_dictionary {
                SHORTEST_USER_TERM
            } else {
                SHORTEST_TERM
            };
            if is_word(morpheme.surface, shortest) {
                self.count(vocabulary, morpheme.surface, morpheme.known);
            }
        }
        self.compound.is_guessed |= !morpheme.known;
    }

    fn end_compound(&mut self, vocabulary: &Vocabulary) {
        let mut compound = std::mem::take(&mut self.compound);
        let is_compound = compound.morphemes > 1 && compound.has_content_word;
        if is_compound
            && is_word(&compound.text, SHORTEST_TERM)
            && !vocabulary.stop_words.contains(&compound.text)
        {
            self.count(vocabulary, &compound.text, !compound.is_guessed);
        }
        // Keeps the allocation for the next compound.
        compound.text.clear();
        self.compound.text = compound.text;
    }

    fn count(&mut self, vocabulary: &Vocabulary, term: &str, is_known: bool) {
        let document = self.documents;
        let listed = vocabulary.terms.find(term);
        let term = listed.map_or(term, |listed| vocabulary.terms.name(listed));
        if let Some(listed) = listed {
            self.categories.add(vocabulary.terms.category(listed), document);
        }
        if !self.terms.contains_key(term) {
            self.terms.insert(term.into(), Occurrences::default());
        }
        let seen = self.terms.get_mut(term).expect("the line above inserts it");
        seen.frequency += 1;
        seen.is_known |= is_known;
        if seen.last_document != document {
            seen.last_document = document;
            seen.documents += 1;
        }
    }
}

fn joins_compound(morpheme: &Morpheme<'_>) -> bool {
    match morpheme.tag {
        Tag::NNG | Tag::NNP | Tag::XPN => true,
        // The plural is no other word: 주민들 counts as 주민.
        Tag::XSN => morpheme.surface != "들",
        _ => false,
    }
}

/// Returns whether the last syllable is one of a verb's ending or a particle, as it rarely is in a name.
fn ends_like_a_phrase(term: &str) -> bool {
    const ENDS: [char; 22] = [
        '니', '요', '다', '까', '데', '서', '면', '네', '죠', '습', '합', '입', '십', '힙', '는', '을', '를',
        '은', '던', '게', '고', '지',
    ];
    term.ends_with(ENDS)
}

/// Returns whether the text consists of syllables, letters and digits and has a term's length. Bare jamo (ㅇㅈ) are
/// no word.
fn is_word(text: &str, shortest: usize) -> bool {
    let is_jamo = |c: char| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}');
    let length = text.chars().take(LONGEST_TERM + 1).count();
    (shortest..=LONGEST_TERM).contains(&length) && text.chars().all(|c| c.is_alphanumeric() && !is_jamo(c))
}
