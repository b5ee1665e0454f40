#![no_main]

use ko_morph::{Analyser, UserDictionary, normalise};
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{parts, small};

/// Checks that every character that is not a separator is in one token, in order.
fn check(analyser: &Analyser, text: &str) {
    let separates = |character: char| character.is_control() || character.is_whitespace();
    let mut worker = analyser.worker();
    let mut rest = text;
    for token in worker.tokens(text) {
        assert!(!token.surface.is_empty());
        let skipped = rest.find(token.surface).expect("the next token");
        assert!(rest[..skipped].chars().all(separates));
        rest = &rest[skipped + token.surface.len()..];
    }
    assert!(rest.chars().all(separates));
    for morpheme in worker.morphemes(text) {
        assert!(!morpheme.surface.is_empty());
        morpheme.parts().for_each(drop);
    }
}

// The user's words, and a text. No character is lost; a user dictionary without faults has a version.
fuzz_target!(|data: &[u8]| {
    let [user, text] = parts(data);
    let user = UserDictionary::parse(&user).unwrap_or_default();
    let analyser = Analyser::new(small::dictionary(), user);
    check(&analyser, &text);
    check(&analyser, &normalise(&text));
});
