//! Misspellings of words: one edit, by the rules by which Korean is misspelt.
//!
//! An edit replaces letters and keeps the number of syllables.

use crate::hangul::{NO_FINAL, Syllable};

/// Vowels that sound alike, whatever the consonant before them.
const VOWELS: [(char, &str); 9] = [
    ('ㅐ', "ㅔ"),
    ('ㅔ', "ㅐ"),
    ('ㅒ', "ㅐㅖ"),
    ('ㅖ', "ㅔ"),
    ('ㅙ', "ㅚㅞ"),
    ('ㅚ', "ㅙㅞ"),
    ('ㅞ', "ㅙㅚ"),
    ('ㅢ', "ㅣ"),
    ('ㅗ', "ㅜ"),
];

/// Final consonants that sound alike or are simplified.
const FINALS: [(char, &str); 16] = [
    ('ㅆ', "ㅅ"),
    ('ㅅ', "ㅆ"),
    ('ㄶ', "ㄴ"),
    ('ㅀ', "ㄹ"),
    ('ㄲ', "ㄱ"),
    ('ㅄ', "ㅂㅅ"),
    ('ㄺ', "ㄱㄹ"),
    ('ㄻ', "ㅁㄹ"),
    ('ㄼ', "ㄹㅂ"),
    ('ㄵ', "ㄴ"),
    ('ㅎ', "ㅅㅆ"),
    ('ㅊ', "ㅅ"),
    ('ㅌ', "ㅅㄷ"),
    ('ㅈ', "ㅅ"),
    ('ㄷ', "ㅅ"),
    ('ㅍ', "ㅂ"),
];

const PLAIN_AND_TENSE: [(char, char); 5] = [
    ('ㄱ', 'ㄲ'),
    ('ㄷ', 'ㄸ'),
    ('ㅂ', 'ㅃ'),
    ('ㅅ', 'ㅆ'),
    ('ㅈ', 'ㅉ'),
];

/// Consonants that merge with ㅎ.
const ASPIRATED: [(char, char); 5] = [
    ('ㄱ', 'ㅋ'),
    ('ㄷ', 'ㅌ'),
    ('ㅂ', 'ㅍ'),
    ('ㅈ', 'ㅊ'),
    ('ㅅ', 'ㅌ'),
];

/// Double final consonants: the first stays, and the second moves to the next syllable.
const CLUSTERS: [(char, char, char); 8] = [
    ('ㄵ', 'ㄴ', 'ㅈ'),
    ('ㄺ', 'ㄹ', 'ㄱ'),
    ('ㄻ', 'ㄹ', 'ㅁ'),
    ('ㄼ', 'ㄹ', 'ㅂ'),
    ('ㅄ', 'ㅂ', 'ㅅ'),
    ('ㄾ', 'ㄹ', 'ㅌ'),
    ('ㄶ', NO_FINAL, 'ㄴ'),
    ('ㅀ', NO_FINAL, 'ㄹ'),
];

/// Returns the misspellings of a word, in order and without repetition.
pub(crate) fn misspellings(word: &str) -> Vec<String> {
    let length = word.chars().count();
    let mut found = Edits::new(word);
    for place in 0..length {
        found.within(place);
        if place + 1 < length {
            found.between(place);
        }
    }
    found.words
}

/// Returns the misspellings of two words without a space at the seam between them.
pub(crate) fn misspellings_at_seam(first: &str, second: &str) -> Vec<String> {
    let mut found = Edits::new(&format!("{first}{second}"));
    if let Some(place) = first.chars().count().checked_sub(1) {
        found.between(place);
    }
    found.words
}

struct Edits {
    characters: Vec<char>,
    words: Vec<String>,
}

impl Edits {
    fn new(word: &str) -> Self {
        Self {
            characters: word.chars().collect(),
            words: Vec::new(),
        }
    }

    fn syllable(&self, place: usize) -> Option<Syllable> {
        Syllable::of(*self.characters.get(place)?)
    }

    fn replace(&mut self, place: usize, syllables: &[Syllable]) {
        let mut characters = self.characters.clone();
        for (character, syllable) in characters[place..].iter_mut().zip(syllables) {
            let Some(replaced) = syllable.character() else {
                return;
            };
            *character = replaced;
        }
        let word: String = characters.iter().collect();
        if characters != self.characters && !self.words.contains(&word) {
            self.words.push(word);
        }
    }

    /// Adds the edits of one syllable.
    fn within(&mut self, place: usize) {
        let Some(it) = self.syllable(place) else {
            return;
        };
        let vowels = VOWELS.into_iter().filter(|&(vowel, _)| vowel == it.vowel);
        let mut vowels: Vec<char> = vowels.flat_map(|(_, vowels)| vowels.chars()).collect();
        vowels.extend(match (it.initial, it.vowel) {
            ('ㅈ' | 'ㅉ' | 'ㅊ', 'ㅓ') => Some('ㅕ'),
            ('ㅈ' | 'ㅉ' | 'ㅊ', 'ㅕ') => Some('ㅓ'),
            ('ㅁ' | 'ㅂ' | 'ㅃ' | 'ㅍ', 'ㅡ') => Some('ㅜ'),
            ('ㅁ' | 'ㅂ' | 'ㅃ' | 'ㅍ', 'ㅜ') => Some('ㅡ'),
            ('ㅇ', 'ㅛ') if it.last == NO_FINAL && place + 1 == self.characters.len() => Some('ㅕ'),
            _ => None,
        });
        for vowel in vowels {
            self.replace(place, &[Syllable { vowel, ..it }]);
        }
        let finals = FINALS.into_iter().filter(|&(last, _)| last == it.last);
        for last in finals.flat_map(|(_, finals)| finals.chars()) {
            self.replace(place, &[Syllable { last, ..it }]);
        }
        // 안 and 많 sound like 않 and 만.
        if matches!((it.initial, it.vowel, it.last), ('ㅇ' | 'ㅁ', 'ㅏ', 'ㄴ')) {
            self.replace(place, &[Syllable { last: 'ㄶ', ..it }]);
        }
    }

    /// Adds the edits of two neighbouring syllables.
    fn between(&mut self, place: usize) {
        let (Some(one), Some(two)) = (self.syllable(place), self.syllable(place + 1)) else {
            return;
        };
        let sounds = move_final(one.last, two)
            .into_iter()
            .chain(merge_h(one.last, two.initial))
            .chain(assimilate(one.last, two.initial))
            .chain(tense(one.last, two.initial));
        for (last, initial) in sounds {
            self.replace(place, &[Syllable { last, ..one }, Syllable { initial, ..two }]);
        }
    }
}

/// A final consonant moves to the next syllable. Returns final and initial consonants as they may be written.
fn move_final(last: char, next: Syllable) -> Vec<(char, char)> {
    if next.initial != 'ㅇ' {
        return Vec::new();
    }
    let mut written = match last {
        NO_FINAL | 'ㅇ' => Vec::new(),
        'ㅎ' => vec![(NO_FINAL, 'ㅇ')],
        'ㅆ' => vec![(NO_FINAL, 'ㅆ'), ('ㅆ', 'ㅅ'), ('ㅆ', 'ㅆ'), ('ㅅ', 'ㅅ')],
        last => match CLUSTERS.into_iter().find(|&(cluster, ..)| cluster == last) {
            Some((_, stays, moves)) => vec![(stays, moves)],
            None => vec![(NO_FINAL, last)],
        },
    };
    match (last, next.vowel) {
        ('ㅌ', 'ㅣ') => written.push((NO_FINAL, 'ㅊ')),
        ('ㄷ', 'ㅣ') => written.push((NO_FINAL, 'ㅈ')),
        _ => {}
    }
    written
}

/// ㅎ merges with its neighbour.
fn merge_h(last: char, initial: char) -> Vec<(char, char)> {
    let aspirated = |plain| ASPIRATED.into_iter().find(|it| it.0 == plain).map(|it| it.1);
    let stays = [('ㅎ', NO_FINAL), ('ㄶ', 'ㄴ'), ('ㅀ', 'ㄹ')];
    let stays = stays.into_iter().find(|it| it.0 == last);
    let mut written = Vec::new();
    if let Some((_, stays)) = stays
        && let Some(aspirated) = aspirated(initial).filter(|_| initial != 'ㅅ')
    {
        written.extend([(stays, aspirated), (last, aspirated)]);
    }
    if initial == 'ㅎ'
        && let Some(aspirated) = aspirated(last)
    {
        written.push((NO_FINAL, aspirated));
    }
    written
}

/// A final consonant becomes like the nasal or liquid after it.
fn assimilate(last: char, initial: char) -> Option<(char, char)> {
    match (last, initial) {
        ('ㅂ' | 'ㅍ' | 'ㅄ', 'ㄴ' | 'ㅁ') => Some(('ㅁ', initial)),
        ('ㄱ' | 'ㄲ' | 'ㅋ' | 'ㄺ', 'ㄴ' | 'ㅁ') => Some(('ㅇ', initial)),
        ('ㄷ' | 'ㅅ' | 'ㅆ' | 'ㅈ' | 'ㅊ' | 'ㅌ' | 'ㅎ', 'ㄴ' | 'ㅁ') => Some(('ㄴ', initial)),
        ('ㄴ', 'ㄹ') | ('ㄹ', 'ㄴ') => Some(('ㄹ', 'ㄹ')),
        _ => None,
    }
}

/// A consonant is tense after another one, or is written plain.
fn tense(last: char, initial: char) -> Option<(char, char)> {
    PLAIN_AND_TENSE.into_iter().find_map(|(plain, tense)| {
        if initial == plain && last != NO_FINAL {
            Some((last, tense))
        } else if initial == tense {
            Some((last, plain))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, misspelling: &str) {
        let all = misspellings(word);
        assert!(all.iter().any(|it| it == misspelling), "{all:?}");
    }

    #[test]
    fn exchanges_vowels_that_sound_alike() {
        check("됐어", "됬어");
        check("돼요", "되요");
        check("냄새", "냄세");
        check("가져", "가저");
        check("예쁘", "예뿌");
    }

    #[test]
    fn simplifies_final_consonants() {
        check("않은", "안은");
        check("있는데", "잇는데");
        check("재밌", "재밋");
        check("없다", "업다");
    }

    #[test]
    fn moves_final_consonants() {
        check("좋아", "조아");
        check("싫어", "시러");
        check("있어", "이써");
        check("없어", "업서");
        check("같이", "가치");
    }

    #[test]
    fn writes_words_as_they_sound() {
        check("습니다", "슴니다");
        check("어떻게", "어떠케");
        check("못해", "모태");
        check("할게", "할께");
        check("연락", "열락");
    }

    #[test]
    fn edits_once_and_keeps_the_number_of_syllables() {
        for word in ["됐습니다", "안돼요", "ㅋㅋ없어", "고장"] {
            for misspelling in misspellings(word) {
                assert_eq!(misspelling.chars().count(), word.chars().count());
                assert_ne!(misspelling, word);
            }
        }
    }

    #[test]
    fn edits_only_the_seam_of_two_words() {
        assert_eq!(misspellings_at_seam("좋", "아"), ["조아"]);
        assert_eq!(misspellings_at_seam("새", "네"), [] as [&str; 0]);
    }
}
