//! The terms of a building's texts: nouns and compound nouns, counted.

use std::collections::HashMap;

use ko_morph::{Lexicon, Morpheme, Tag, Worker};
use stat_ledger::building::{Counts, TermCount};

use super::category::CategoryCounter;
use super::noun_run::{NounRun, Unit};
use super::personal_data::mask;
use super::phrase::Clause;
use super::plain_text::plain;
use super::thresholds::GUESSED_TERM_FREQUENCY;
use super::vocabulary::Vocabulary;

/// Version of the rules by which a text becomes terms, here and in the modules above. It is a part of the analyser's
/// version, since months that were counted by different rules are not comparable. Raise it with every change.
pub(crate) const RULES: u32 = 5;

/// Counts the terms of one building, text by text.
#[derive(Default)]
pub(crate) struct TermCounter {
    documents: i64,
    morphemes: i64,
    found: FoundTerms,
    run: NounRun,
    clause: Clause,
}

#[derive(Default)]
struct FoundTerms {
    terms: HashMap<Box<str>, Occurrences>,
    categories: CategoryCounter,
}

#[derive(Default)]
struct Occurrences {
    frequency: i64,
    documents: i64,
    last_document: i64,
    /// True if a dictionary has the term, at least once; false if the analyser guessed each occurrence.
    is_known: bool,
}

impl TermCounter {
    /// Counts the morphemes and the terms of one text.
    ///
    /// A term is a noun, a Latin word, a compound that the list or a dictionary has, or a phrase of the list.
    pub(crate) fn add(&mut self, worker: &mut Worker<'_>, vocabulary: &Vocabulary, text: &str) {
        self.documents += 1;
        let lexicon = worker.lexicon();
        let text = plain(text);
        let text = mask(&text, lexicon);
        let mut end = 0;
        for morpheme in worker.morphemes(&text) {
            self.morphemes += 1;
            let is_new_line = morpheme.word_start && text[end..morpheme.start].contains('\n');
            end = morpheme.end;
            if is_new_line || self.run.is_full() {
                self.end_run(vocabulary, lexicon);
            }
            if is_new_line {
                self.clause.clear();
            }
            let joins_letters = self.run.ends_with_latin() && is_sign(&morpheme);
            if self.run.add(&morpheme, vocabulary) || joins_letters {
                continue;
            }
            self.end_run(vocabulary, lexicon);
            if let Some(term) = self.clause.add(&vocabulary.phrases, &morpheme) {
                let term = Unit {
                    term: vocabulary.terms.name(term),
                    listed: Some(term),
                    is_known: true,
                };
                self.found.count(vocabulary, self.documents, &term);
            }
        }
        self.end_run(vocabulary, lexicon);
        self.clause.clear();
    }

    /// Returns whether the text has the term as a word, and not as a part of one (수도 is not in 그럴 수도).
    pub(crate) fn has_term(text: &str, term: &str, worker: &mut Worker<'_>, vocabulary: &Vocabulary) -> bool {
        let mut counter = Self::default();
        counter.add(worker, vocabulary, text);
        counter.found.terms.contains_key(term)
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
        let mut found = std::mem::take(&mut self.found);
        let mut terms: Vec<TermCount> = found.terms.into_iter().filter(is_term).map(count).collect();
        terms.sort_unstable_by(|a, b| a.term.cmp(&b.term));
        let documents = std::mem::take(&mut self.documents);
        Counts {
            documents,
            morphemes: std::mem::take(&mut self.morphemes),
            terms,
            categories: found.categories.finish(&vocabulary.terms, documents),
        }
    }

    fn end_run(&mut self, vocabulary: &Vocabulary, lexicon: Lexicon<'_>) {
        if self.run.is_empty() {
            return;
        }
        self.clause.add_noun(&vocabulary.phrases, self.run.last());
        let Self { found, documents, .. } = self;
        self.run.units(vocabulary, lexicon, |unit| {
            found.count(vocabulary, *documents, &unit)
        });
        self.run.clear();
    }
}

impl FoundTerms {
    fn count(&mut self, vocabulary: &Vocabulary, document: i64, unit: &Unit<'_>) {
        if let Some(term) = unit.listed {
            self.categories.add(vocabulary.terms.category(term), document);
        }
        if !self.terms.contains_key(unit.term) {
            self.terms.insert(unit.term.into(), Occurrences::default());
        }
        let seen = self.terms.get_mut(unit.term).expect("the line above inserts it");
        seen.frequency += 1;
        seen.is_known |= unit.is_known;
        if seen.last_document != document {
            seen.last_document = document;
            seen.documents += 1;
        }
    }
}

/// Returns true for the signs within a Latin word: wi-fi, LG U+.
fn is_sign(morpheme: &Morpheme<'_>) -> bool {
    let is_sign = matches!(morpheme.surface, "-" | "/" | "+" | "&");
    is_sign && !morpheme.word_start && matches!(morpheme.tag, Tag::SY | Tag::SC)
}

/// Returns whether the last syllable is one of a verb's ending or a particle, as it rarely is in a name.
fn ends_like_a_phrase(term: &str) -> bool {
    const ENDS: [char; 22] = [
        '니', '요', '다', '까', '데', '서', '면', '네', '죠', '습', '합', '입', '십', '힙', '는', '을', '를',
        '은', '던', '게', '고', '지',
    ];
    term.ends_with(ENDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::shipped;

    fn counts(texts: &[&str]) -> Counts {
        let mut counter = TermCounter::default();
        let mut worker = shipped::analyser().worker();
        for text in texts {
            counter.add(&mut worker, shipped::vocabulary(), text);
        }
        counter.finish(shipped::vocabulary())
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let counts = counts(&[text]);
        let terms: Vec<&str> = counts.terms.iter().map(|count| count.term.as_str()).collect();
        assert_eq!(terms, expected, "{text}");
    }

    #[track_caller]
    fn check_frequencies(texts: &[&str], expected: &[(&str, i64)]) {
        let counts = counts(texts);
        let terms: Vec<(&str, i64)> = counts
            .terms
            .iter()
            .map(|count| (count.term.as_str(), count.frequency))
            .collect();
        assert_eq!(terms, expected);
    }

    #[test]
    fn spellings_and_synonyms_are_one_term() {
        check_frequencies(
            &["엘베 엘레베이터 엘리베이터 승강기", "엘베가 또 멈췄어요"],
            &[("승강기", 5)],
        );
        check_frequencies(&["층간 소음", "층간소음이 심해요"], &[("층간소음", 2)]);
        check("담배냄세 심해요", &["담배냄새"]);
        check("담배 냄세가 나요", &["담배냄새"]);
    }

    #[test]
    fn a_spaced_compound_is_joined_if_a_list_or_dictionary_has_it() {
        check("층간 소음이 심해요", &["층간소음"]);
        check("지하 주차장 조명", &["전등", "지하주차장"]);
        check("분리 수거장 냄새", &["냄새", "분리수거장"]);
        check("관리 비가 올랐어요", &["관리비"]);
        check("관리 사무소 전화", &[]);
        // No list has 소음 민원실 or 천장 누수 as one word.
        check("천장 누수", &["누수", "천장"]);
        check("천장누수", &["누수", "천장"]);
    }

    #[test]
    fn latin_and_mixed_words_are_terms_in_one_form() {
        check("CCTV 확인 요청합니다", &["CCTV"]);
        check("cctv랑 씨씨티비", &["CCTV"]);
        check("TV가 안나와요", &["TV"]);
        check("IPTV 신호가 약해요", &["IPTV", "신호"]);
        check("KT 기사", &["KT", "기사"]);
        check("LH 임대아파트", &["LH", "임대"]);
        check("Rfid 카드 발급", &["RFID", "발급", "카드"]);
        check("wi-fi 비번", &["비밀번호", "와이파이"]);
        check("LG유플러스 인터넷 설치", &["LG유플러스", "설치", "인터넷"]);
        check("lg u+ 인터넷", &["LG유플러스", "인터넷"]);
        check("큐알코드와 QR 코드", &["QR코드"]);
        check("ok 감사 A 1", &[]);
    }

    #[test]
    fn a_phrase_means_its_term() {
        for leak in [
            "비가 새요",
            "물새요",
            "물이 샙니다",
            "물이 조금씩 샜어요",
            "물이 천장에서 새는 중",
            "비 새요",
        ] {
            let counts = counts(&[leak]);
            assert!(
                counts.terms.iter().any(|count| count.term == "누수"),
                "{leak}: {counts:?}"
            );
        }
        for none in [
            "새 옷을 샀어요",
            "물새가 왔어요",
            "물이 안 새요",
            "비가 와요. 새 건물",
            "바람이 새요",
            "새요",
        ] {
            let counts = counts(&[none]);
            assert!(
                counts.terms.iter().all(|count| count.term != "누수"),
                "{none}: {counts:?}"
            );
        }
        check("물이 안 나와요", &["단수"]);
        check("물이 잘 나와요", &[]);
    }

    #[test]
    fn pieces_of_stop_words_and_compounds_are_no_terms() {
        check("관리실 전화 안받아요", &[]);
        check("관리소장님 나오세요", &[]);
        check("기사님이 안 오셔요", &[]);
        check("지하주차장 층간소음", &["지하주차장", "층간소음"]);
        check("번호키가 고장", &["고장", "번호키"]);
        check_frequencies(&["고객님 차량문", "고객님 차량문"], &[("고객", 2), ("차량문", 2)]);
    }

    #[test]
    fn verbs_and_adjectives_are_no_terms() {
        check("불이 나감", &["전등"]);
        check("나감", &[]);
        check("정기적으로 고쳐요", &[]);
        check("비정상적 작동", &["작동"]);
        check("현실적 조언과 비현실적 작동", &["작동", "조언"]);
        check("판매실적", &["실적", "판매"]);
        check("전용면적", &["면적", "전용"]);
        check_frequencies(&["새요", "새요", "담배냄", "담배냄"], &[("담배", 2)]);
    }

    #[test]
    fn names_are_no_terms() {
        check("902호 홍길순입니다", &[]);
        check_frequencies(&["홍길순이 말했다", "홍길순이 봤다", "홍길순은 안다"], &[]);
        check_frequencies(
            &["윗집 발망치 때문에 힘듭니다. 902호 박서연 드림"; 6],
            &[("발망치", 6), ("윗집", 6)],
        );
        check_frequencies(
            &["경비 최정훈씨가 불친절합니다"; 4],
            &[("경비", 4), ("불친절", 4)],
        );
    }

    #[test]
    fn invisible_characters_split_no_word() {
        check("층간\u{200b}소음이 심해요", &["층간소음"]);
        check("지하\u{ad}주차장", &["지하주차장"]);
    }

    #[test]
    fn nouns_with_particles_are_found() {
        check("온수가 안 나와요", &["온수"]);
        check("온수는 나오나요", &["온수"]);
    }

    #[test]
    fn a_line_break_separates_words() {
        check("층간\n소음", &["소음", "층간"]);
    }

    #[test]
    fn spellings_of_the_shipped_list_are_found_in_a_text() {
        let list = &shipped::vocabulary().terms;
        let written = list.written().map(|(spelling, term)| (spelling, list.name(term)));
        let missed: Vec<(&str, &str)> = written
            .filter(|(spelling, name)| counts(&[spelling]).terms.iter().all(|count| count.term != *name))
            .collect();
        assert!(missed.is_empty(), "{} missed: {missed:?}", missed.len());
    }
}
