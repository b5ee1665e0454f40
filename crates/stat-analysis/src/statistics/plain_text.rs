//! A text as people see it: without the characters that only typesetting uses.

use std::borrow::Cow;

use ko_morph::normalise;

/// Normalises a text to NFC, removes invisible characters, and makes each kind of space a plain one.
///
/// The accident prevented: a zero-width space or soft hyphen, which editors and messengers insert, splits 층간소음 into
/// two words.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let text = normalise(text);
    if !may_have_any(&text) || !text.chars().any(|c| is_invisible(c) || is_wide_space(c)) {
        return text;
    }
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let plain: String = visible.map(|c| if is_wide_space(c) { ' ' } else { c }).collect();
    // What stood between two characters may have kept them from being composed.
    Cow::Owned(normalise(&plain).into_owned())
}

/// Returns false for nearly every text: syllables and ASCII begin with other bytes than the characters in question.
fn may_have_any(text: &str) -> bool {
    let may_begin = |byte| matches!(byte, 0xc2..=0xe2 | 0xef);
    text.bytes().any(may_begin) || ["\u{3000}", "\u{3164}"].iter().any(|blank| text.contains(blank))
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'                        // soft hyphen
            | '\u{34f}'                 // grapheme joiner
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'   // zero-width spaces and joiners, direction marks
            | '\u{202a}'..='\u{202e}'   // direction overrides
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'   // variation selectors
            | '\u{feff}'
    )
}

/// Returns whether the character is a space other than the ASCII one. The Hangul fillers are blanks that people use
/// as spaces.
fn is_wide_space(character: char) -> bool {
    let is_filler = matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    is_filler
        || character.is_whitespace()
            && !character.is_ascii()
            && !matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text), expected);
    }

    #[test]
    fn removes_invisible_characters() {
        for invisible in [
            '\u{200b}', '\u{ad}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{fe0f}',
        ] {
            check(&format!("층간{invisible}소음"), "층간소음");
        }
        check("\u{1109}\u{200b}\u{1169}음", "소음");
    }

    #[test]
    fn keeps_spaces_and_lines() {
        check(
            "층간\u{a0}소음\u{3000}심함\u{3164}\n둘째 줄",
            "층간 소음 심함 \n둘째 줄",
        );
        check("그대로 둡니다.\r\n", "그대로 둡니다.\r\n");
    }
}
