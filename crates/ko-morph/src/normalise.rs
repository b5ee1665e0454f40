use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text as the analyser expects it: in Unicode's normal form C, borrowed where it already is.
///
/// macOS writes Hangul decomposed, and every word of such a text is unknown to the dictionary.
pub fn normalise(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_always_composed) || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Whether the character is in form C whatever stands beside it. True of enough characters (Latin-1, Hangul
/// syllables, the jamo that a keyboard types, punctuation, full-width forms, emoji) to decide nearly every text
/// without a table.
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
    fn characters_decided_without_a_table_are_decided_rightly() {
        let starter = |character| canonical_combining_class(character) == 0;
        for character in (char::MIN..=char::MAX).filter(|&character| is_always_composed(character)) {
            let alone = is_nfc_quick([character].into_iter()) == IsNormalized::Yes;
            assert!(alone && starter(character), "{character:?}");
        }
    }

    #[test]
    fn composed_text_is_borrowed() {
        check("", "");
        check(
            "주차권 정산기 ㅋㅋ cafe\u{e9} …",
            "주차권 정산기 ㅋㅋ cafe\u{e9} …",
        );
    }

    #[test]
    fn decomposed_text_is_composed() {
        check("\u{110c}\u{116e}\u{110e}\u{1161}", "주차");
        check("가\u{11a8}", "각");
        check("e\u{301}", "\u{e9}");
    }
}
