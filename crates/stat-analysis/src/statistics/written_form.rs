//! Written forms of terms, by which a text that has a term is found, and the place of the term in it.

use std::collections::HashMap;
use std::ops::Range;

use super::term_list::fold;
use super::vocabulary::Vocabulary;

/// Parts of a term as people write it, in their order: one part of a word, noun and stem of a phrase.
///
/// Parts are folded: neither spaces nor the case of Latin letters matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrittenForm(Vec<Box<str>>);

/// Written forms of the terms of a list: name, spellings and phrases of each.
#[derive(Debug)]
pub(crate) struct WrittenForms<'v>(HashMap<&'v str, Vec<WrittenForm>>);

impl<'v> WrittenForms<'v> {
    /// Collects the forms of all listed terms.
    pub(crate) fn of(vocabulary: &'v Vocabulary) -> Self {
        let mut forms: HashMap<&str, Vec<WrittenForm>> = HashMap::new();
        for (spelling, term) in vocabulary.terms.words() {
            let of_term = forms.entry(vocabulary.terms.name(term)).or_default();
            of_term.push(WrittenForm::of_word(spelling));
        }
        for (noun, stem, term) in vocabulary.phrases.parts() {
            let of_term = forms.entry(vocabulary.terms.name(term)).or_default();
            of_term.extend(WrittenForm::of_phrase(noun, stem));
        }
        Self(forms)
    }

    /// Returns each listed term with the `LIKE` patterns that find it in a text without spaces.
    pub(crate) fn like_patterns(&self) -> impl Iterator<Item = (&'v str, String)> {
        let forms = self.0.iter();
        let forms = forms.flat_map(|(term, forms)| forms.iter().map(move |form| (*term, form)));
        forms.flat_map(|(term, form)| form.like_patterns().map(move |pattern| (term, pattern)))
    }

    /// Returns the place of a term in a sentence: that of its longest spelling there (주차정산기 for 정산기), otherwise of
    /// the shortest phrase. A term that no list has is written as it is.
    pub(crate) fn find(&self, sentence: &str, term: &str) -> Option<Range<usize>> {
        let own = WrittenForm::of_word(term);
        let listed = self.0.get(term).map_or(&[][..], Vec::as_slice);
        let forms = std::iter::once(&own).chain(listed);
        let places = forms.filter_map(|form| Some((form.0.len(), form.find(sentence)?)));
        let rank = |(parts, place): &(usize, Range<usize>)| match parts {
            1 => (1, usize::MAX - place.len(), place.start),
            parts => (*parts, place.len(), place.start),
        };
        places.min_by_key(rank).map(|(_, place)| place)
    }
}

impl WrittenForm {
    fn of_word(word: &str) -> Self {
        Self(vec![fold(word).into()])
    }

    /// Returns the forms of a phrase in its inflections. A stem of several syllables is as good without the last one,
    /// which may contract with an ending (물이 들어오다: 들어와요).
    fn of_phrase(noun: Option<&str>, stem: &str) -> Vec<Self> {
        let (last, _) = stem.char_indices().next_back().unwrap_or_default();
        match noun {
            Some(noun) if last > 0 => vec![Self(vec![noun.into(), stem[..last].into()])],
            noun => inflections(stem)
                .into_iter()
                .map(|form| Self(noun.map(Into::into).into_iter().chain([form.into()]).collect()))
                .collect(),
        }
    }

    /// Returns patterns with Latin letters in each usual case. Lower-casing the texts instead depends on the
    /// database's locale, and fails where a body is not valid in its encoding.
    fn like_patterns(&self) -> impl Iterator<Item = String> {
        let pattern = format!("%{}%", self.0.join("%"));
        let mut patterns = vec![pattern.to_ascii_lowercase(), capitalised(&pattern), pattern];
        patterns.dedup();
        patterns.into_iter()
    }

    fn find(&self, text: &str) -> Option<Range<usize>> {
        let mut found: Option<Range<usize>> = None;
        for part in &self.0 {
            let from = found.as_ref().map_or(0, |found| found.end);
            let place = find_part(&text[from..], part)?;
            let start = found.map_or(from + place.start, |found| found.start);
            found = Some(start..from + place.end);
        }
        found
    }
}

/// Returns the place of a folded part.
fn find_part(text: &str, part: &str) -> Option<Range<usize>> {
    let mut starts = text.char_indices().map(|(at, _)| at);
    starts.find_map(|at| Some(at..at + matching_length(&text[at..], part)?))
}

/// Returns the bytes of `text` that are the folded part, with spaces and signs between its letters.
fn matching_length(text: &str, part: &str) -> Option<usize> {
    let mut wanted = part.chars();
    let mut next = wanted.next()?;
    for (at, character) in text.char_indices() {
        if at > 0 && !character.is_alphanumeric() {
            continue;
        }
        if character.to_ascii_uppercase() != next {
            return None;
        }
        match wanted.next() {
            Some(character) => next = character,
            None => return Some(at + character.len_utf8()),
        }
    }
    None
}

/// Returns the pattern with each Latin word capitalised (Wifi).
fn capitalised(pattern: &str) -> String {
    let mut previous = ' ';
    let letters = pattern.chars().map(|character| {
        let is_inside = previous.is_ascii_alphabetic();
        previous = character;
        if is_inside {
            character.to_ascii_lowercase()
        } else {
            character
        }
    });
    letters.collect()
}

/// Returns the forms that the last syllable of a stem has before endings: 새 is 새, 샌, 샐, 샘, 샙 or 샜, and 나오 is also
/// 나와 or 나왔.
fn inflections(stem: &str) -> Vec<String> {
    /// Numbers of finals in Unicode's order: none, ㄴ, ㄹ, ㅁ, ㅂ and ㅆ.
    const FINALS: [u32; 6] = [0, 4, 8, 16, 17, 20];
    const VOWELS: u32 = 21;
    const FINALS_OF_VOWEL: u32 = 28;
    let mut characters = stem.chars();
    let Some(last @ '가'..='힣') = characters.next_back() else {
        return vec![stem.to_owned()];
    };
    let number = u32::from(last) - u32::from('가');
    let (initial, vowel) = (
        number / (VOWELS * FINALS_OF_VOWEL),
        number / FINALS_OF_VOWEL % VOWELS,
    );
    // ㅗ becomes ㅘ before 아, ㅜ ㅝ, ㅡ ㅓ, and ㅣ ㅕ.
    let contracted = match vowel {
        8 => Some(9),
        13 => Some(14),
        18 => Some(4),
        20 => Some(6),
        _ => None,
    };
    let vowels = std::iter::once(vowel).chain(contracted);
    let syllables = vowels.flat_map(|vowel| {
        let open = (initial * VOWELS + vowel) * FINALS_OF_VOWEL;
        FINALS.map(|end| open + end)
    });
    let mut numbers: Vec<u32> = std::iter::once(number).chain(syllables).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let syllables = numbers
        .into_iter()
        .filter_map(|number| char::from_u32(u32::from('가') + number));
    syllables
        .map(|syllable| format!("{}{syllable}", characters.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::shipped;

    #[track_caller]
    fn check(sentence: &str, term: &str, expected: Option<&str>) {
        let forms = WrittenForms::of(shipped::vocabulary());
        let found = forms.find(sentence, term).map(|place| &sentence[place]);
        assert_eq!(found, expected, "{sentence}");
    }

    #[test]
    fn a_term_is_found_in_each_of_its_spellings() {
        check("1호기 엘베가 멈췄어요", "승강기", Some("엘베"));
        check("엘리 베이터 고장", "승강기", Some("엘리 베이터"));
        check("지하 주차장이 어두워요", "지하주차장", Some("지하 주차장"));
        check("wi-fi가 끊겨요", "와이파이", Some("wi-fi"));
        check("현관 Cctv 확인", "CCTV", Some("Cctv"));
        check("정비사 연락처", "정비사", Some("정비사"));
        check("주차 정산기 고장", "정산기", Some("주차 정산기"));
        check("주차권을 주세요", "승강기", None);
    }

    #[test]
    fn a_phrase_is_found_in_its_inflections() {
        for (sentence, place) in [
            ("어제부터 물이 샙니다", "물이 샙"),
            ("천장에서 물이 조금씩 샜어요", "물이 조금씩 샜"),
            ("비가 새요", "비가 새"),
            ("창틀로 빗물이 들어와요", "빗물이 들어"),
        ] {
            check(sentence, "누수", Some(place));
        }
    }

    #[test]
    fn patterns_have_the_cases_in_which_latin_words_are_written() {
        let forms = WrittenForms::of(shipped::vocabulary());
        let patterns: Vec<(&str, String)> = forms.like_patterns().collect();
        for (term, pattern) in [
            ("와이파이", "%wifi%"),
            ("와이파이", "%Wifi%"),
            ("와이파이", "%WIFI%"),
            ("승강기", "%엘베%"),
            ("누수", "%물%샙%"),
        ] {
            assert!(patterns.contains(&(term, pattern.to_owned())), "{term} {pattern}");
        }
    }
}
