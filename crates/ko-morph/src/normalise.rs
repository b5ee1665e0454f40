use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Converts a text to Unicode's normal form C, which the analyser expects. Borrows a text that already has this
/// form.
///
/// macOS writes Hangul decomposed, and every word of such a text is unknown to the dictionary.
///
/// ```
/// // The jamo ᄀ and ᅡ become one syllable.
/// assert_eq!(ko_morph::normalise("\u{1100}\u{1161}"), "가");
/// ```
pub fn normalise(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_always_composed) || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Reports whether the character has form C regardless of its neighbours.
///
/// The ranges (Latin-1, Hangul syllables, the jamo that a keyboard types, punctuation, full-width forms, emoji)
/// decide nearly every text without a table.
fn is_always_composed(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{2ff}'
            | '가'..='힣'
            | 'ㄱ'..='ㆎ'
            | '\u{2010}'..='\u{2027}'
            | '─'..='➿'
            | '、'..='〩'
            | '！'..='～'
            | '\u{1f300}'..='\u{1faff}'
    )
}

#[cfg(test)]
mod tests {
    use unicode_normalization::char::canonical_combining_class;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(normalise(text), expected);
        assert_eq!(matches!(normalise(text), Cow::Borrowed(_)), text == expected);
    }

    #[test]
    fn the_ranges_agree_with_the_table() {
        let starter = |character| canonical_combining_class(character) == 0;
        for character in (char::MIN..=char::MAX).filter(|&character| is_always_composed(character)) {
            let alone = is_nfc_quick([character].into_iter()) == IsNormalized::Yes;
            assert!(alone && starter(character), "{character:?}");
        }
    }

    #[test]
    fn borrows_composed_text() {
        check("", "");
        check(
            "주차권 정산기 ㅋㅋ cafe\u{e9} …",
            "주차권 정산기 ㅋㅋ cafe\u{e9} …",
        );
    }

    #[test]
    fn composes_decomposed_text() {
        check("\u{110c}\u{116e}\u{110e}\u{1161}", "주차");
        check("가\u{11a8}", "각");
        check("e\u{301}", "\u{e9}");
    }
}
