//! Input that no one should send. These run in seconds because time grows with length alone, and in little
//! memory because a chunk is all that is ever held.

use crate::lexicon::Words;

#[track_caller]
fn check(text: &str, expected_bytes: usize) {
    let words = Words::new()
        .with("ㅋ", "IC", 0)
        .with("ㅋㅋ", "IC", 0)
        .with("ㅋㅋㅋ", "IC", 0);
    let analyser = words.with("1", "SN", 0).with("가", "NNG", 0).analyser();
    let bytes: usize = analyser
        .worker()
        .tokens(text)
        .map(|token| token.surface.len())
        .sum();
    assert_eq!(bytes, expected_bytes);
    let morphemes: usize = analyser
        .worker()
        .morphemes(text)
        .map(|morpheme| morpheme.surface.len())
        .sum();
    assert_eq!(morphemes, expected_bytes);
}

#[test]
fn ten_megabytes_of_laughter() {
    check(&"ㅋ".repeat(3_400_000), 10_200_000);
}

#[test]
fn three_megabytes_of_digits() {
    check(&"1234567890".repeat(300_000), 3_000_000);
}

#[test]
fn ten_megabytes_in_one_line() {
    check(&"가 나라 abc 12 ".repeat(500_000), 14 * 500_000);
}

#[test]
fn ten_megabytes_of_spaces_and_of_lines() {
    check(&" ".repeat(10_000_000), 0);
    check(&"\n".repeat(10_000_000), 0);
}
