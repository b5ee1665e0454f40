use ko_morph::normalise;

use crate::lexicon::{Words, morphemes, tokens};

fn words() -> Words {
    Words::new().with("주차", "NNG", 0).with("장", "NNG", 0)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(morphemes(&words().analyser(), text), expected);
}

#[test]
fn eojeols_start_after_spaces_and_at_line_starts() {
    check("주차장 장", "_주차/NNG 장/NNG _장/NNG");
    check("주차\n장", "_주차/NNG _장/NNG");
    check("주차\r\n\r\n장\n", "_주차/NNG _장/NNG");
    check("", "");
    check(" \n \t ", "");
}

#[test]
fn control_characters_separate_eojeols() {
    check("주차\0장", "_주차/NNG _장/NNG");
    check("\u{1}주차\u{7f}장\u{85}", "_주차/NNG _장/NNG");
    check("주\0차", "_주/UNKNOWN _차/UNKNOWN");
    check("\0\0\0", "");
}

#[test]
fn finds_decomposed_words_after_normalisation() {
    let decomposed = "\u{110c}\u{116e}\u{110e}\u{1161}";
    assert_eq!(tokens(&words().analyser(), &normalise(decomposed)), "주차/NNG");
    assert_ne!(tokens(&words().analyser(), decomposed), "주차/NNG");
}
