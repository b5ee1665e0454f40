/// A syllable of Hangul, divided into letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syllable {
    pub(crate) initial: char,
    pub(crate) vowel: char,
    /// Final consonant, or [`NO_FINAL`].
    pub(crate) last: char,
}

/// Final consonant of a syllable that has none.
pub(crate) const NO_FINAL: char = '-';

const INITIALS: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const VOWELS: &str = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ";
const FINALS: &str = "-ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";

impl Syllable {
    /// Divides a syllable. Returns `None` for any other character.
    pub(crate) fn of(character: char) -> Option<Self> {
        let number = ('가'..='힣')
            .contains(&character)
            .then(|| character as usize - '가' as usize)?;
        Some(Self {
            initial: INITIALS.chars().nth(number / 28 / 21)?,
            vowel: VOWELS.chars().nth(number / 28 % 21)?,
            last: FINALS.chars().nth(number % 28)?,
        })
    }

    /// Joins the letters. Returns `None` where one of them cannot stand in its place.
    pub(crate) fn character(self) -> Option<char> {
        let place = |letters: &str, letter| letters.chars().position(|known| known == letter);
        let (initial, vowel) = (place(INITIALS, self.initial)?, place(VOWELS, self.vowel)?);
        let number = (initial * 21 + vowel) * 28 + place(FINALS, self.last)?;
        char::from_u32('가' as u32 + number as u32)
    }
}

/// Reports whether all characters are syllables or letters of Hangul, and there is one.
pub(crate) fn is_hangul(text: &str) -> bool {
    let is_letter = |character| matches!(character, '가'..='힣' | 'ㄱ'..='ㅣ' | '\u{1100}'..='\u{11ff}');
    !text.is_empty() && text.chars().all(is_letter)
}

/// Reports whether the character ends in a consonant.
pub(crate) fn has_final(character: char) -> bool {
    match Syllable::of(character) {
        Some(syllable) => syllable.last != NO_FINAL,
        None => matches!(character, 'ㄱ'..='ㅎ' | '\u{11a8}'..='\u{11ff}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syllable_joins_again() {
        for character in '가'..='힣' {
            assert_eq!(
                Syllable::of(character).and_then(Syllable::character),
                Some(character)
            );
        }
        assert_eq!(Syllable::of('ㄱ'), None);
    }
}
