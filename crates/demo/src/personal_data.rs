//! What stands in the texts and must stand nowhere else: found and looked for by means of its own, so that
//! a mistake of `stat-analysis` is not repeated here.

use std::collections::BTreeSet;

/// Mail addresses and long numbers, as they stand in the texts, and numbers also without what separates
/// their digits.
#[derive(Debug, Default)]
pub struct PersonalData {
    /// Mail addresses.
    pub addresses: BTreeSet<String>,
    /// Numbers of phones, residents and cards.
    pub numbers: BTreeSet<String>,
}

impl PersonalData {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.addresses.len() + self.numbers.len()
    }

    /// The first of them that `text` holds.
    pub fn found_in(&self, text: &str) -> Option<&str> {
        let address = self.addresses.iter().find(|address| text.contains(*address));
        address.map(String::as_str).or_else(|| self.number_in(text))
    }

    fn number_in(&self, text: &str) -> Option<&str> {
        let is_separator = |c: char| matches!(c, ' ' | '-' | '.');
        for number in numbers(text) {
            if let Some(known) = self.numbers.get(number) {
                return Some(known);
            }
            let digits: String = number.chars().filter(|c| !is_separator(*c)).collect();
            if let Some(known) = self
                .numbers
                .iter()
                .find(|known| known.chars().filter(|c| !is_separator(*c)).eq(digits.chars()))
            {
                return Some(known);
            }
        }
        None
    }
}

/// Adds what `text` holds.
pub fn collect(text: &str, into: &mut PersonalData) {
    if text.contains('@') {
        let addresses = text.split(|c: char| !(c.is_ascii_alphanumeric() || "@._%+-".contains(c)));
        let is_address = |word: &&str| {
            word.split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        };
        into.addresses
            .extend(addresses.filter(is_address).map(str::to_owned));
    }
    into.numbers.extend(
        numbers(text)
            .filter(|number| is_personal(number))
            .map(str::to_owned),
    );
}

/// Runs of digits with single separators between them, and at least nine digits.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.');
    text.split(move |c: char| !is_part(c))
        .map(|run| run.trim_matches(|c: char| !c.is_ascii_digit()))
        .filter(|run| run.bytes().filter(u8::is_ascii_digit).count() >= 9)
}

/// A phone number begins with 0, a resident's has 13 digits, a card's 15 or 16. Other rows of digits, such
/// as a rating of 9999999999 points, are nobody's.
fn is_personal(number: &str) -> bool {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
    let is_phone = digits[0] == b'0' && (9..=11).contains(&digits.len());
    is_phone || matches!(digits.len(), 13 | 15 | 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> PersonalData {
        let mut found = PersonalData::default();
        collect(text, &mut found);
        found
    }

    #[test]
    fn finds_what_the_demos_texts_hold() {
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
    fn recognises_them_however_they_are_written() {
        let data = of("010-0000-2718");
        for text in ["010-0000-2718", "x01000002718x", "(010 0000 2718)"] {
            assert_eq!(data.found_in(text), Some("010-0000-2718"), "{text}");
        }
        assert_eq!(data.found_in("2026-10 010-0000-2719"), None);
    }
}
