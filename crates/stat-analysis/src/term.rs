//! The terms of a building's texts: nouns and compound nouns, counted.

use ko_morph::{Morpheme, Tag, Worker, normalise};
use stat_ledger::building::{Counts, TermCount};
use std::collections::HashMap;

use crate::personal_data::mask;
use crate::stop_words::StopWords;

/// The version of the rules by which a text becomes terms, here and in [`crate::personal_data`]: a part of the
/// analyser's version, since months that were counted by other rules cannot be compared. Raise it with every
/// change of them.
pub const RULES: u32 = 2;

/// The longest term, in characters; what is longer is no word but a row of letters.
const LONGEST: usize = 30;

/// Counts the terms of one building, text by text.
#[derive(Default)]
pub struct TermCounter {
    documents: i64,
    morphemes: i64,
    terms: HashMap<Box<str>, Seen>,
    compound: Compound,
}

#[derive(Default)]
struct Seen {
    frequency: i64,
    documents: i64,
    last_document: i64,
    /// Whether it was a word of a dictionary at least once, and not only a name that the analyser guessed.
    is_known: bool,
}

/// The nouns and affixes that follow each other in the word being read.
#[derive(Default)]
struct Compound {
    text: String,
    pieces: usize,
    /// Whether one of the pieces is a noun that says something.
    says_something: bool,
    /// Whether one of the pieces was guessed.
    is_guessed: bool,
}

impl TermCounter {
    /// Counts one text: its morphemes, and its terms.
    ///
    /// A term is a noun, or the nouns and affixes that stand in one word (eojeol) without anything between
    /// them, as one compound; its nouns count as well.
    pub fn add(&mut self, worker: &mut Worker<'_>, stop_words: &StopWords, text: &str) {
        self.documents += 1;
        let text = normalise(text);
        let text = mask(&text);
        for morpheme in worker.morphemes(&text) {
            self.morphemes += 1;
            if morpheme.word_start || !is_joined(&morpheme) {
                self.end_compound(stop_words);
            }
            if is_joined(&morpheme) {
                self.add_piece(stop_words, &morpheme);
            }
        }
        self.end_compound(stop_words);
    }

    /// Whether the text has the term, by the same rules: as a word and not as a part of one (수도 is not in 그럴 수도).
    pub fn is_in(term: &str, worker: &mut Worker<'_>, stop_words: &StopWords, text: &str) -> bool {
        let mut counter = Self::default();
        counter.add(worker, stop_words, text);
        counter.terms.contains_key(term)
    }

    /// What was counted, terms in the order of their bytes; the counter is empty again.
    ///
    /// A name that no dictionary has is guessed: it becomes a term where it is seen twice or more, and does not look
    /// like a phrase that was written without spaces (안닫힙니).
    pub fn finish(&mut self) -> Counts {
        let term = |(term, seen): (Box<str>, Seen)| TermCount {
            term: term.into(),
            frequency: seen.frequency,
            documents: seen.documents,
        };
        let mut terms: Vec<TermCount> = std::mem::take(&mut self.terms)
            .into_iter()
            .filter(|(term, seen)| seen.is_known || seen.frequency > 1 && !looks_like_a_phrase(term))
            .map(term)
            .collect();
        terms.sort_unstable_by(|a, b| a.term.cmp(&b.term));
        Counts {
            documents: std::mem::take(&mut self.documents),
            morphemes: std::mem::take(&mut self.morphemes),
            terms,
        }
    }

    fn add_piece(&mut self, stop_words: &StopWords, morpheme: &Morpheme<'_>) {
        self.compound.text.push_str(morpheme.surface);
        self.compound.pieces += 1;
        if morpheme.tag.is_noun() && !stop_words.contains(morpheme.surface) {
            self.compound.says_something = true;
            if is_word(
                morpheme.surface,
                if morpheme.from_user_dictionary { 1 } else { 2 },
            ) {
                self.count(morpheme.surface, morpheme.known);
            }
        }
        self.compound.is_guessed |= !morpheme.known;
    }

    fn end_compound(&mut self, stop_words: &StopWords) {
        let mut compound = std::mem::take(&mut self.compound);
        let is_compound = compound.pieces > 1 && compound.says_something;
        if is_compound && is_word(&compound.text, 2) && !stop_words.contains(&compound.text) {
            self.count(&compound.text, !compound.is_guessed);
        }
        compound.text.clear();
        self.compound.text = compound.text;
    }

    fn count(&mut self, term: &str, is_known: bool) {
        let document = self.documents;
        if !self.terms.contains_key(term) {
            self.terms.insert(term.into(), Seen::default());
        }
        let seen = self.terms.get_mut(term).expect("it was put there if it was not");
        seen.frequency += 1;
        seen.is_known |= is_known;
        if seen.last_document != document {
            seen.last_document = document;
            seen.documents += 1;
        }
    }
}

fn is_joined(morpheme: &Morpheme<'_>) -> bool {
    match morpheme.tag {
        Tag::NNG | Tag::NNP | Tag::XPN => true,
        // 주민들 are 주민: the plural makes no other word.
        Tag::XSN => morpheme.surface != "들",
        _ => false,
    }
}

/// Whether it ends like a verb or with a particle, as names hardly do.
fn looks_like_a_phrase(term: &str) -> bool {
    const ENDS: [char; 22] = [
        '니', '요', '다', '까', '데', '서', '면', '네', '죠', '습', '합', '입', '십', '힙', '는', '을', '를',
        '은', '던', '게', '고', '지',
    ];
    term.ends_with(ENDS)
}

/// Whether it is made of syllables, letters and digits, and neither too short nor too long: bare jamo
/// (ㅇㅈ) are no words.
fn is_word(text: &str, shortest: usize) -> bool {
    let is_jamo = |c: char| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}');
    let length = text.chars().take(LONGEST + 1).count();
    (shortest..=LONGEST).contains(&length) && text.chars().all(|c| c.is_alphanumeric() && !is_jamo(c))
}
