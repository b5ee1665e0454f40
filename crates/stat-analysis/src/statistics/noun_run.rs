//! Nouns that stand together, and the terms that they make.

use std::ops::Range;

use ko_morph::{Lexicon, Morpheme, Tag};

use super::personal_name;
use super::term_list::{TermId, fold};
use super::thresholds::{LONGEST_TERM, SHORTEST_TERM, SHORTEST_USER_TERM};
use super::vocabulary::Vocabulary;

/// Pieces of the longest compound that is looked up.
const MOST_PIECES: usize = 5;
/// Pieces after which a run ends, so that a text without verbs is bounded.
const LONGEST_RUN: usize = 64;

/// Consecutive nouns, affixes and Latin words, within one word or over spaces, with nothing else between them.
#[derive(Default)]
pub(crate) struct NounRun {
    /// Surfaces of the pieces, one after another.
    text: String,
    /// Text with the names of listed terms instead of their spellings.
    names: String,
    pieces: Vec<Piece>,
}

struct Piece {
    text: Range<usize>,
    name: Range<usize>,
    kind: Kind,
    characters: usize,
    starts_word: bool,
    is_known: bool,
    from_user_dictionary: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// NNG.
    Common,
    /// NNP.
    Proper,
    Prefix,
    Suffix,
    Latin,
}

/// A term that a run has.
pub(crate) struct Unit<'a> {
    pub(crate) term: &'a str,
    /// The term's number, if the list has it.
    pub(crate) listed: Option<TermId>,
    /// False if the analyser guessed a piece.
    pub(crate) is_known: bool,
}

/// Meaning of consecutive pieces.
enum Match {
    Listed(TermId),
    /// A word of a dictionary.
    Word,
    StopWord,
}

impl NounRun {
    /// Adds a morpheme if it continues the run, or begins one. Returns whether it did.
    pub(crate) fn add(&mut self, morpheme: &Morpheme<'_>, vocabulary: &Vocabulary) -> bool {
        let Some(kind) = Kind::of(morpheme) else {
            return false;
        };
        let listed = vocabulary.terms.find(morpheme.surface);
        let name = listed.map_or(morpheme.surface, |term| vocabulary.terms.name(term));
        let (text, names) = (self.text.len(), self.names.len());
        self.text.push_str(morpheme.surface);
        self.names.push_str(name);
        self.pieces.push(Piece {
            text: text..self.text.len(),
            name: names..self.names.len(),
            kind,
            characters: morpheme.surface.chars().count(),
            starts_word: morpheme.word_start,
            is_known: morpheme.known || kind == Kind::Latin,
            from_user_dictionary: morpheme.from_user_dictionary,
        });
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.pieces.len() >= LONGEST_RUN
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.names.clear();
        self.pieces.clear();
    }

    /// Returns the surface of the last piece.
    pub(crate) fn last(&self) -> &str {
        self.pieces
            .last()
            .map_or("", |piece| &self.text[piece.text.clone()])
    }

    /// Returns whether a Latin word ends the run, to which a sign may join more letters (wi-fi).
    pub(crate) fn ends_with_latin(&self) -> bool {
        self.pieces.last().is_some_and(|piece| piece.kind == Kind::Latin)
    }

    /// Calls `found` with each term. Each piece belongs to one term at most, so that a compound does not count together
    /// with its parts.
    ///
    /// The longest compound that the list, the stop words or a dictionary have wins, spaced or not. What remains counts
    /// piece by piece, each with the affixes and single syllables that follow it: 지하주차장누수 is 지하주차장 and 누수.
    pub(crate) fn units(
        &self,
        vocabulary: &Vocabulary,
        lexicon: Lexicon<'_>,
        mut found: impl FnMut(Unit<'_>),
    ) {
        let mut start = 0;
        while start < self.pieces.len() {
            let longest = (start + MOST_PIECES).min(self.pieces.len());
            let compound = (start + 2..=longest)
                .rev()
                .find_map(|end| Some((end, self.compound(start..end, vocabulary, lexicon)?)));
            let (matched, meaning) = match compound {
                Some((end, meaning)) => (end, Some(meaning)),
                None => (start + 1, self.single(start, vocabulary)),
            };
            let end = self.end_of_group(matched);
            let suffix = self.last_suffix(matched..end);
            let is_known = self.pieces[start..end].iter().all(|piece| piece.is_known);
            match meaning {
                // 비정상적 is an adjective, 이사님 a person.
                Some(Match::Listed(_)) if matches!(suffix, Some("적" | "님")) => {}
                Some(Match::Word)
                    if suffix == Some("적") || is_adjective(self.text(start..matched), lexicon) => {}
                Some(Match::Listed(term)) => found(Unit {
                    term: vocabulary.terms.name(term),
                    listed: Some(term),
                    is_known: true,
                }),
                Some(Match::Word) => found(Unit {
                    term: self.text(start..matched),
                    listed: None,
                    is_known,
                }),
                Some(Match::StopWord) => {}
                None => self.group(start..end, vocabulary, lexicon, &mut found),
            }
            start = end;
        }
    }

    /// Looks several pieces up as one word.
    fn compound(&self, pieces: Range<usize>, vocabulary: &Vocabulary, lexicon: Lexicon<'_>) -> Option<Match> {
        let text = self.text(pieces.clone());
        if let Some(meaning) = listed_or_stopped(text, vocabulary) {
            return Some(meaning);
        }
        let names = &self.names[self.pieces[pieces.start].name.start..self.pieces[pieces.end - 1].name.end];
        if names != text
            && let Some(meaning) = listed_or_stopped(names, vocabulary)
        {
            return Some(meaning);
        }
        let pieces = &self.pieces[pieces];
        let is_spaced = pieces[1..].iter().any(|piece| piece.starts_word);
        let may_join = |piece: &Piece| {
            piece.is_known
                && piece.kind == Kind::Common
                && piece.characters >= SHORTEST_TERM
                && !vocabulary.stop_words.contains(&self.text[piece.text.clone()])
        };
        let is_word = (!is_spaced || pieces.iter().all(may_join)) && lexicon.has(text, |tag| tag == Tag::NNG);
        is_word.then_some(Match::Word)
    }

    fn single(&self, at: usize, vocabulary: &Vocabulary) -> Option<Match> {
        let text = self.text(at..at + 1);
        // With what follows it may be a term nevertheless.
        if vocabulary.stop_words.contains(&fold(text)) {
            return None;
        }
        listed_or_stopped(text, vocabulary)
    }

    /// Returns the end of the affixes and single syllables that follow in the same word. A prefix also takes the piece
    /// after it.
    fn end_of_group(&self, mut end: usize) -> usize {
        let mut takes_next = self.pieces[end - 1].kind == Kind::Prefix;
        while let Some(piece) = self.pieces.get(end)
            && !piece.starts_word
            && (takes_next || piece.kind == Kind::Suffix || piece.is_single_syllable())
        {
            takes_next = piece.kind == Kind::Prefix;
            end += 1;
        }
        end
    }

    /// Calls `found` with the term that a group makes, if it is one.
    fn group(
        &self,
        group: Range<usize>,
        vocabulary: &Vocabulary,
        lexicon: Lexicon<'_>,
        found: &mut impl FnMut(Unit<'_>),
    ) {
        let pieces = &self.pieces[group.clone()];
        let is_title = pieces.len() > 1 && self.last_suffix(group.clone()) == Some("님");
        let words = if is_title {
            group.start..group.end - 1
        } else {
            group.clone()
        };
        let text = self.text(words.clone());
        let shortest = if words.len() == 1 && pieces[0].from_user_dictionary {
            SHORTEST_USER_TERM
        } else {
            SHORTEST_TERM
        };
        let has_content_word = self.pieces[words].iter().any(|piece| {
            piece.kind != Kind::Suffix
                && !vocabulary
                    .stop_words
                    .contains(&fold(&self.text[piece.text.clone()]))
        });
        let is_term = has_content_word
            && is_word(text, shortest)
            && !vocabulary.stop_words.contains(&fold(text))
            && !is_adjective(text, lexicon)
            && !(pieces[0].kind == Kind::Proper && personal_name::is_full_name(text));
        if !is_term {
            return;
        }
        let is_known = pieces.iter().all(|piece| piece.is_known);
        match listed_beginning(text, vocabulary).filter(|_| !is_known) {
            Some(term) => found(Unit {
                term: vocabulary.terms.name(term),
                listed: Some(term),
                is_known: true,
            }),
            None => found(Unit {
                term: &fold(text),
                listed: None,
                is_known,
            }),
        }
    }

    /// Returns the last piece, if it is a suffix.
    fn last_suffix(&self, pieces: Range<usize>) -> Option<&str> {
        let last = self.pieces[pieces].last()?;
        (last.kind == Kind::Suffix).then(|| &self.text[last.text.clone()])
    }

    fn text(&self, pieces: Range<usize>) -> &str {
        &self.text[self.pieces[pieces.start].text.start..self.pieces[pieces.end - 1].text.end]
    }
}

/// Looks a text up in the stop words and in the list of terms. A stop word wins, also against a spelling of it.
fn listed_or_stopped(text: &str, vocabulary: &Vocabulary) -> Option<Match> {
    if vocabulary.stop_words.contains(&fold(text)) {
        return Some(Match::StopWord);
    }
    let term = vocabulary.terms.find(text)?;
    Some(
        match vocabulary.stop_words.contains(vocabulary.terms.name(term)) {
            true => Match::StopWord,
            false => Match::Listed(term),
        },
    )
}

impl Kind {
    fn of(morpheme: &Morpheme<'_>) -> Option<Self> {
        match morpheme.tag {
            Tag::NNG => Some(Self::Common),
            Tag::NNP => Some(Self::Proper),
            Tag::XPN => Some(Self::Prefix),
            // The plural is no other word: 주민들 counts as 주민.
            Tag::XSN if morpheme.surface != "들" => Some(Self::Suffix),
            Tag::SL => Some(Self::Latin),
            _ => None,
        }
    }
}

impl Piece {
    fn is_single_syllable(&self) -> bool {
        self.characters == 1 && matches!(self.kind, Kind::Common | Kind::Proper)
    }
}

/// Returns whether the text is an adjective in -적: a noun and 적 (비정상적, 정기적), and no noun of its own (전용면적).
fn is_adjective(text: &str, lexicon: Lexicon<'_>) -> bool {
    const NOUNS: [&str; 14] = [
        "면적", "목적", "실적", "흔적", "유적", "표적", "업적", "누적", "축적", "추적", "서적", "국적",
        "호적", "행적",
    ];
    let Some(noun) = text.strip_suffix('적') else {
        return false;
    };
    let is_noun = |word: &str| lexicon.has(word, |tag| matches!(tag, Tag::NNG | Tag::XR));
    // 현실적 and 비현실적 end like 판매실적.
    let is_derived = is_noun(noun)
        || noun
            .strip_prefix(['비', '반', '불', '무', '초'])
            .is_some_and(is_noun);
    let is_compound = NOUNS.iter().any(|end| text.ends_with(end));
    noun.chars().count() >= 2 && (is_derived || !is_compound && !lexicon.contains(text))
}

/// Returns the listed term with which a guessed word begins: the rest is a misspelling or an ending (담배냄).
fn listed_beginning(text: &str, vocabulary: &Vocabulary) -> Option<TermId> {
    let ends = text.char_indices().map(|(at, _)| at).skip(SHORTEST_TERM);
    let beginnings: Vec<&str> = ends.map(|end| &text[..end]).collect();
    beginnings
        .into_iter()
        .rev()
        .find_map(|beginning| vocabulary.terms.find(beginning))
}

/// Returns whether the text consists of syllables, letters and digits and has a term's length. Bare jamo (ㅇㅈ) are
/// no word.
fn is_word(text: &str, shortest: usize) -> bool {
    let is_letter = |c: char| match c {
        '가'..='힣' => true,
        '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' => false,
        _ => c.is_alphanumeric(),
    };
    let length = text.chars().take(LONGEST_TERM + 1).count();
    (shortest..=LONGEST_TERM).contains(&length) && text.chars().all(is_letter)
}
