#![no_main]

use std::sync::LazyLock;

use ko_morph::{Analyser, Dictionary, UserDictionary, normalise};
use libfuzzer_sys::fuzz_target;

#[path = "small.rs"]
mod small;

/// The image, read once and aligned to 8 bytes.
static IMAGE: LazyLock<&'static [u64]> = LazyLock::new(|| {
    let image = match std::env::var_os("KO_DICTIONARY") {
        Some(path) => std::fs::read(path).expect("KO_DICTIONARY is a file"),
        None => small::small(),
    };
    let mut numbers = vec![0_u64; image.len() / 8];
    bytemuck::cast_slice_mut(&mut numbers).copy_from_slice(&image);
    numbers.leak()
});

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

// The user's words, a byte 0xFF, and the text; or the text alone.
fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |&byte| byte == 0xff);
    let first = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let (user, text) = match parts.next() {
        Some(text) => (UserDictionary::parse(&first).unwrap_or_default(), String::from_utf8_lossy(text)),
        None => (UserDictionary::empty(), first),
    };
    let dictionary = Dictionary::from_static(bytemuck::cast_slice(*IMAGE)).expect("the image is valid");
    let analyser = Analyser::new(dictionary, user);
    check(&analyser, &text);
    check(&analyser, &normalise(&text));
});
