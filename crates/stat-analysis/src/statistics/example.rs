//! Sentences that show how a term is used.

use std::borrow::Cow;

use ko_morph::Lexicon;

use super::personal_data::{MASK, mask};
use super::plain_text::plain;
use super::thresholds::{EXAMPLE_LEAD, EXAMPLE_LENGTH, IDENTIFYING_DIGITS};
use super::written_form::WrittenForms;

/// A sentence from a text, without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// A sentence, or the part of a long one around the term.
    pub(crate) text: String,
    pub(crate) term: String,
    /// The term as the text has it: 엘베 for 승강기. Empty if it has no place of its own.
    pub(crate) written: String,
}

/// Returns the first sentence of `text` in which `has_term` finds the term as a word.
///
/// Beyond the data that is masked before the analysis, the numbers of doors and every number of four or more digits
/// are masked: a door, a car or an account identifies the writer. Years and amounts of money stay.
pub(crate) fn example(
    text: &str,
    term: &str,
    forms: &WrittenForms<'_>,
    lexicon: Lexicon<'_>,
    mut has_term: impl FnMut(&str) -> bool,
) -> Option<Example> {
    let text = plain(text);
    let text = mask(&text, lexicon);
    let text = mask_numbers(&text);
    let sentence = sentences(&text).find(|sentence| has_term(sentence))?;
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let sentence = words.join(" ");
    let place = forms.find(&sentence, term).unwrap_or_default();
    Some(Example {
        text: shortened(&sentence, place.start),
        term: term.to_owned(),
        written: sentence[place].to_owned(),
    })
}

/// Splits after `.`, `!` and `?` before a space, and at line breaks.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r'])
        .flat_map(|line| line.split_inclusive(". "))
        .flat_map(|line| line.split_inclusive("! "))
        .flat_map(|line| line.split_inclusive("? "))
        .map(str::trim)
}

/// Returns the part of a long sentence around the byte `at`.
fn shortened(sentence: &str, at: usize) -> String {
    let length = sentence.chars().count();
    if length <= EXAMPLE_LENGTH {
        return sentence.to_owned();
    }
    let skipped = sentence[..at].chars().count().saturating_sub(EXAMPLE_LEAD);
    let shown: String = sentence.chars().skip(skipped).take(EXAMPLE_LENGTH).collect();
    let start = if skipped > 0 { "…" } else { "" };
    let end = if skipped + EXAMPLE_LENGTH < length {
        "…"
    } else {
        ""
    };
    format!("{start}{}{end}", shown.trim())
}

/// Replaces numbers that may identify the writer by [`MASK`].
fn mask_numbers(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_numeric) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        masked.push_str(&rest[..start]);
        let (number, after) = rest[start..].split_at(number_length(&rest[start..]));
        masked.push_str(if identifies_writer(number, after) {
            MASK
        } else {
            number
        });
        rest = after;
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

/// Returns the bytes of the number with which `text` begins: groups of digits, each separated by one character.
fn number_length(text: &str) -> usize {
    let mut length = 0;
    for (index, character) in text.char_indices() {
        if character.is_numeric() {
            length = index + character.len_utf8();
        } else if !matches!(character, ' ' | '.' | '-' | '‐' | '–' | '−' | '－') || index > length {
            break;
        }
    }
    length
}

/// Returns true for the number of a door and for four or more digits, except for a year of this century, a date like
/// 10.31 and an amount of money. 2호기 (a lift) and 2호선 (a line) are not doors.
fn identifies_writer(number: &str, after: &str) -> bool {
    let unit = after.trim_start();
    let is_door = unit.starts_with('호')
        && !["호기", "호선", "호차", "호점"]
            .iter()
            .any(|word| unit.starts_with(word));
    let digits = number.chars().filter(|c| c.is_numeric()).count();
    let is_year = unit.starts_with('년') && digits == 4 && number.starts_with("20");
    let is_date = number.split('.').count() == 2 && number.split('.').all(|part| part.len() <= 2);
    is_door || digits >= IDENTIFYING_DIGITS && !(is_year || is_date || unit.starts_with('원'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::shipped;

    fn lexicon() -> Lexicon<'static> {
        shipped::analyser().lexicon()
    }

    #[track_caller]
    fn check(text: &str, term: &str, expected: Option<&str>) {
        let found = find(text, term, |sentence| sentence.contains(term));
        assert_eq!(found.as_ref().map(|example| example.text.as_str()), expected);
    }

    fn find(text: &str, term: &str, has_term: impl FnMut(&str) -> bool) -> Option<Example> {
        let forms = WrittenForms::of(shipped::vocabulary());
        example(text, term, &forms, lexicon(), has_term)
    }

    #[test]
    fn returns_the_sentence_with_the_term() {
        check(
            "안녕하세요. 지하주차장  누수가 심합니다! 확인 부탁드려요.",
            "누수",
            Some("지하주차장 누수가 심합니다!"),
        );
        check("첫 줄\n둘째 줄 누수\n셋째", "누수", Some("둘째 줄 누수"));
        check("온도는 3.5도입니다", "온도", Some("온도는 3.5도입니다"));
        check("누수", "소음", None);
    }

    #[test]
    fn masks_personal_data() {
        check(
            "누수 신고는 010-0000-1234로 주세요",
            "누수",
            Some("누수 신고는 ***로 주세요"),
        );
        check(
            "101동 1203호 누수요, 12가3456 차 옆",
            "누수",
            Some("101동 ***호 누수요, 12가*** 차 옆"),
        );
        check(
            "903호 누수, ９０３ 호 옆, 101-903 아래",
            "누수",
            Some("***호 누수, *** 호 옆, *** 아래"),
        );
        check(
            "계좌 110-12-345678로 누수 보상",
            "누수",
            Some("계좌 ***로 누수 보상"),
        );
        check("계좌 110 123 456789, 누수", "누수", Some("계좌 ***, 누수"));
        check(
            "1985-03-21 누수 1985년 3월생",
            "누수",
            Some("*** 누수 ***년 3월생"),
        );
        check("https://example.com/누수", "누수", None);
    }

    #[test]
    fn keeps_numbers_that_identify_nobody() {
        for text in [
            "승강기 2호기 누수",
            "2026년 10월 누수",
            "누수 12345원 12 원",
            "10.31에 누수, 3.5도",
            "3층 24시간 누수",
        ] {
            check(text, "누수", Some(text));
        }
    }

    #[test]
    fn skips_a_sentence_with_the_term_inside_a_word() {
        let is_word = |sentence: &str| !sentence.contains("수도 있");
        let found = find("그럴 수도 있어요. 수도 요금이 비싸요.", "수도", is_word);
        assert_eq!(
            found.map(|example| example.text).as_deref(),
            Some("수도 요금이 비싸요.")
        );
    }

    #[test]
    fn names_the_term_as_the_text_has_it() {
        let text = format!("{}엘베  안에서 멈췄어요", "가나다 ".repeat(100));
        let found = find(&text, "승강기", |_| true).expect("the text has the term");
        assert!(found.text.ends_with("엘베 안에서 멈췄어요"), "{found:?}");
        assert_eq!((found.term.as_str(), found.written.as_str()), ("승강기", "엘베"));
        let found = find("글", "승강기", |_| true).expect("the text has the term");
        assert_eq!(found.written, "");
    }

    #[test]
    fn shortens_a_long_sentence_around_the_term() {
        let text = format!("{}누수 {}", "가나다 ".repeat(100), "라마바 ".repeat(100));
        let shown = find(&text, "누수", |_| true).expect("the text has the term").text;
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.contains("누수"),
            "{shown}"
        );
        assert!(shown.chars().count() <= EXAMPLE_LENGTH + 2, "{shown}");
        let text = "누수 ".repeat(100);
        assert!(
            !find(&text, "누수", |_| true)
                .expect("the text has the term")
                .text
                .starts_with('…')
        );
    }
}
