use crate::lexicon::Words;

/// Checks that a line longer than a chunk keeps every character, in order.
#[track_caller]
fn check(text: &str, expected_tokens: usize, expected_word_starts: usize) {
    let analyser = Words::new()
        .with("가", "NNG", 0)
        .with("나다", "NNG", 0)
        .analyser();
    let mut worker = analyser.worker();
    let mut read = String::new();
    let (mut tokens, mut word_starts) = (0, 0);
    for token in worker.tokens(text) {
        read.push_str(token.surface);
        tokens += 1;
        word_starts += usize::from(token.word_start);
    }
    assert_eq!(read, text.replace(' ', ""));
    assert_eq!((tokens, word_starts), (expected_tokens, expected_word_starts));
}

#[test]
fn a_cut_at_a_space_leaves_no_trace() {
    // No multiple of 13 bytes is 8192, so the limit falls into a word and the cut moves to the space before.
    check(&"가나다 가".repeat(5000), 15_000, 5001);
}

#[test]
fn a_cut_within_a_word_starts_no_eojeol() {
    // 8192 bytes hold 2730 of the 6000 syllables.
    let text = "가".repeat(6000);
    check(&text, 6000, 1);
}

#[test]
fn a_long_number_is_cut_into_chunks() {
    // 8192 + 8192 + 3616 digits.
    check(&"1".repeat(20_000), 3, 1);
}
