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

/// The first sentence of the text that has the term; nothing if only personal data has it.
///
/// Everything that is masked before the analysis is masked here as well, and so is every number of four or more
/// digits: a door, a car or an account lets a reader know who wrote. Years and amounts of money stay.
pub fn example(text: &str, term: &str) -> Option<Example> {
    let text = normalise(text);
    let text = mask(&text);
    let text = without_numbers(&text);
    let sentence = sentences(&text).find(|sentence| sentence.contains(term))?;
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

/// The text with [`MASK`] in the place of numbers of four or more digits, hyphens between them included.
fn without_numbers(text: &str) -> Cow<'_, str> {
    let is_part = |c: char| c.is_numeric() || matches!(c, '-' | '‐' | '–' | '−' | '－');
    if text.chars().filter(|c| c.is_numeric()).count() < 4 {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        shown.push_str(&rest[..start]);
        let number = &rest[start..];
        let end = number.find(|c| !is_part(c)).unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        let digits = number.chars().filter(|c| c.is_numeric()).count();
        let is_harmless = digits < 4 || is_date(number) || after.starts_with(['년', '원']);
        shown.push_str(if is_harmless { number } else { MASK });
        rest = after;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// `2026-10-31`.
fn is_date(number: &str) -> bool {
    let lengths: Vec<usize> = number.split('-').map(str::len).collect();
    lengths == [4, 2, 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, term: &str, expected: Option<&str>) {
        let found = example(text, term).map(|example| example.text);
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
            "계좌 110-12-345678로 누수 보상",
            "누수",
            Some("계좌 ***로 누수 보상"),
        );
        check(
            "2026년 2026-10-31에 누수, 12345원",
            "누수",
            Some("2026년 2026-10-31에 누수, 12345원"),
        );
        check("https://example.com/누수", "누수", None);
    }

    #[test]
    fn shows_the_part_of_a_long_sentence_around_the_term() {
        let text = format!("{}누수 {}", "가나다 ".repeat(100), "라마바 ".repeat(100));
        let shown = example(&text, "누수").expect("it is there").text;
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.contains("누수"),
            "{shown}"
        );
        assert!(shown.chars().count() <= LONGEST + 2, "{shown}");
        let text = "누수 ".repeat(100);
        assert!(!example(&text, "누수").expect("it is there").text.starts_with('…'));
    }
}
