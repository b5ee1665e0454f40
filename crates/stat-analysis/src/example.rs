//! A sentence that shows what a term is about.

use ko_morph::normalise;
use std::borrow::Cow;

use crate::personal_data::{MASK, mask};

/// How much of a text is shown, in characters.
const LONGEST: usize = 120;
/// How much of it stands before the term, where a sentence is longer than that.
const BEFORE: usize = 40;

/// What somebody wrote, as far as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// A sentence, or the part of a long one around the term.
    pub text: String,
    /// The term that it shows.
    pub term: String,
}

/// The first sentence of the text that has the term, as `has_term` tells; nothing if only personal data has it.
///
/// Everything that is masked before the analysis is masked here as well, and so is every number of four or more
/// digits, and every door's: a door, a car or an account lets a reader know who wrote. Years and amounts of money
/// stay.
pub fn example(text: &str, term: &str, mut has_term: impl FnMut(&str) -> bool) -> Option<Example> {
    let text = normalise(text);
    let text = mask(&text);
    let text = without_numbers(&text);
    let sentence = sentences(&text).find(|sentence| sentence.contains(term) && has_term(sentence))?;
    Some(Example {
        text: shortened(sentence, term),
        term: term.to_owned(),
    })
}

/// Cut after `.`, `!`, `?` before a space, and at line breaks.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r'])
        .flat_map(|line| line.split_inclusive(". "))
        .flat_map(|line| line.split_inclusive("! "))
        .flat_map(|line| line.split_inclusive("? "))
        .map(str::trim)
}

fn shortened(sentence: &str, term: &str) -> String {
    let words = || sentence.split_whitespace();
    let whole = words().collect::<Vec<_>>().join(" ");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let at = whole.find(term).unwrap_or_default();
    let skipped = whole[..at].chars().count().saturating_sub(BEFORE);
    let shown: String = whole.chars().skip(skipped).take(LONGEST).collect();
    let is_cut_off = skipped + LONGEST < whole.chars().count();
    format!(
        "{}{}{}",
        if skipped > 0 { "…" } else { "" },
        shown.trim(),
        if is_cut_off { "…" } else { "" }
    )
}

/// The text with [`MASK`] in the place of numbers that may tell who wrote it.
fn without_numbers(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_numeric) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        shown.push_str(&rest[..start]);
        let (number, after) = rest[start..].split_at(length_of_number(&rest[start..]));
        shown.push_str(if tells_who(number, after) { MASK } else { number });
        rest = after;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// In bytes, from a digit on: groups of digits, and what people put between them.
fn length_of_number(text: &str) -> usize {
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

/// A door's number, or one of four digits and more. Not 2호기 and 2호선, years of our time, amounts of money, and
/// days like 10.31.
fn tells_who(number: &str, after: &str) -> bool {
    let unit = after.trim_start();
    let is_door = unit.starts_with('호')
        && !["호기", "호선", "호차", "호점"]
            .iter()
            .any(|word| unit.starts_with(word));
    let digits = number.chars().filter(|c| c.is_numeric()).count();
    let is_year = unit.starts_with('년') && digits == 4 && number.starts_with("20");
    let is_day = number.split('.').count() == 2 && number.split('.').all(|part| part.len() <= 2);
    is_door || digits >= 4 && !(is_year || is_day || unit.starts_with('원'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, term: &str, expected: Option<&str>) {
        let found = example(text, term, |_| true).map(|example| example.text);
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn is_the_sentence_with_the_term() {
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
    fn shows_no_personal_data() {
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
    fn leaves_numbers_that_tell_nobody() {
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
    fn is_a_sentence_with_the_term_as_a_word() {
        let is_word = |sentence: &str| !sentence.contains("수도 있");
        let found = example("그럴 수도 있어요. 수도 요금이 비싸요.", "수도", is_word);
        assert_eq!(
            found.map(|example| example.text).as_deref(),
            Some("수도 요금이 비싸요.")
        );
    }

    #[test]
    fn shows_the_part_of_a_long_sentence_around_the_term() {
        let text = format!("{}누수 {}", "가나다 ".repeat(100), "라마바 ".repeat(100));
        let shown = example(&text, "누수", |_| true).expect("it is there").text;
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.contains("누수"),
            "{shown}"
        );
        assert!(shown.chars().count() <= LONGEST + 2, "{shown}");
        let text = "누수 ".repeat(100);
        assert!(
            !example(&text, "누수", |_| true)
                .expect("it is there")
                .text
                .starts_with('…')
        );
    }
}
