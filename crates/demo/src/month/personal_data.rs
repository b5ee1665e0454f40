//! Personal data in the texts. It is detected independently of `stat-analysis`, so that a mistake there is found here.

use std::collections::{BTreeMap, BTreeSet};

/// Mail addresses and long numbers.
#[derive(Debug, Default)]
pub(crate) struct PersonalData {
    addresses: BTreeSet<String>,
    /// Numbers of phones, residents and cards as in the text, by their digits.
    numbers: BTreeMap<String, String>,
}

impl PersonalData {
    pub(crate) fn len(&self) -> usize {
        self.addresses.len() + self.numbers.len()
    }

    /// Adds the personal data in `text`.
    pub(crate) fn collect(&mut self, text: &str) {
        if text.contains('@') {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "@._%+-".contains(c)));
            let is_address = |word: &&str| {
                word.split_once('@')
                    .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            };
            self.addresses.extend(words.filter(is_address).map(str::to_owned));
        }
        for number in numbers(text) {
            let digits = digits(number);
            if is_personal(&digits) {
                self.numbers.insert(digits, number.to_owned());
            }
        }
    }

    /// Returns the first known address or number in `text`. A number is found with any separators.
    pub(crate) fn found_in(&self, text: &str) -> Option<&str> {
        let address = self.addresses.iter().find(|address| text.contains(*address));
        let number = || numbers(text).find_map(|number| self.numbers.get(&digits(number)));
        address.or_else(number).map(String::as_str)
    }
}

/// Runs of at least nine digits, separated by spaces, hyphens or dots or by nothing.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.');
    text.split(move |c: char| !is_part(c))
        .map(|run| run.trim_matches(|c: char| !c.is_ascii_digit()))
        .filter(|run| run.bytes().filter(u8::is_ascii_digit).count() >= 9)
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Returns true for the digits of a phone (beginning with 0), a resident (13 digits) or a card (15 or 16). Others, such
/// as a rating of 9999999999 points, are not personal.
fn is_personal(digits: &str) -> bool {
    let is_phone = digits.starts_with('0') && (9..=11).contains(&digits.len());
    is_phone || matches!(digits.len(), 13 | 15 | 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> PersonalData {
        let mut data = PersonalData::default();
        data.collect(text);
        data
    }

    #[test]
    fn detects_the_numbers_and_addresses_of_the_demos_texts() {
        for text in [
            "제 번호는 010-0000-2718 입니다",
            "주민번호 900101-1000000 이고",
            "카드 0000-1111-2222-3333 이고",
            "02-000-4410",
        ] {
            assert_eq!(of(text).numbers.len(), 1, "{text}");
        }
        assert_eq!(
            of("메일은 silent.home@example.com 입니다")
                .addresses
                .first()
                .unwrap(),
            "silent.home@example.com"
        );
        assert_eq!(of("101동 1203호 2026-10-31 15:30 9999999999점").len(), 0);
    }

    #[test]
    fn recognises_a_number_with_any_separators() {
        let data = of("010-0000-2718");
        for text in ["010-0000-2718", "x01000002718x", "(010 0000 2718)"] {
            assert_eq!(data.found_in(text), Some("010-0000-2718"), "{text}");
        }
        assert_eq!(data.found_in("2026-10 010-0000-2719"), None);
    }
}
