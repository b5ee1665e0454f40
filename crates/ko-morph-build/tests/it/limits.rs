//! Extreme texts: nothing panics, no character is lost, and memory does not grow with the text, because the worker
//! holds one chunk at a time.

use ko_morph::{Analyser, Dictionary, UserDictionary, normalise};

use crate::lexicon::Words;
use crate::mecab_ko_dic;
use crate::memory::most_bytes;

/// Most bytes that a worker may hold, whatever the text.
const MOST_BYTES: usize = 4 << 20;

fn small() -> Analyser {
    words().analyser()
}

/// Returns an analyser with unknown nouns.
fn learned() -> Analyser {
    let image = words().learned_image();
    Analyser::new(Dictionary::from_bytes(&image).unwrap(), UserDictionary::empty())
}

fn words() -> Words {
    let words = Words::new()
        .with("ㅋ", "IC", 0)
        .with("ㅋㅋ", "IC", 0)
        .with("ㅋㅋㅋ", "IC", 0);
    words.with("1", "SN", 0).with("가", "NNG", 0)
}

/// Checks that every character that is not a separator is in one token, in order.
#[track_caller]
fn check(text: &str) {
    let analysers = [
        small(),
        learned(),
        mecab_ko_dic::analyser_with("주차권,NNG\nㅋ,NNG"),
        mecab_ko_dic::learned_analyser(),
    ];
    for analyser in analysers {
        let mut worker = analyser.worker();
        let mut rest = text;
        let most = most_bytes(|| {
            for token in worker.tokens(text) {
                let skipped = rest.find(token.surface).expect("the next token");
                assert!(rest[..skipped].chars().all(separates));
                rest = &rest[skipped + token.surface.len()..];
            }
            assert!(rest.chars().all(separates));
            worker.morphemes(text).for_each(drop);
        });
        assert!(most < MOST_BYTES, "{most} bytes");
    }
}

fn separates(character: char) -> bool {
    character.is_control() || character.is_whitespace()
}

#[test]
fn ten_megabytes_of_laughter() {
    check(&"ㅋ".repeat(3_400_000));
}

#[test]
fn three_megabytes_of_digits() {
    check(&"1234567890".repeat(300_000));
}

#[test]
fn ten_megabytes_in_one_line() {
    check(&"지하주차장에 가 나라 abc 12 ".repeat(250_000));
}

#[test]
fn ten_megabytes_without_a_space() {
    check(&"층간소음때문에잠을못자고있습니다".repeat(200_000));
}

#[test]
fn ten_megabytes_of_spaces_and_of_lines() {
    check(&" ".repeat(10_000_000));
    check(&"\n".repeat(10_000_000));
}

#[test]
fn random_bytes() {
    let mut noise = 1_u32;
    let mut byte = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    let bytes: Vec<u8> = (0..1_000_000).map(|_| byte()).collect();
    check(&String::from_utf8_lossy(&bytes));
    // Characters of every plane, and more often Hangul, jamo and ASCII.
    let characters = bytes.chunks_exact(4).filter_map(|bytes| {
        let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
        let number = match bytes[3] % 4 {
            0 => number % 0x11_0000,
            1 => 0xAC00 + number % 11_184,
            2 => 0x1100 + number % 256,
            _ => number % 128,
        };
        char::from_u32(number)
    });
    let text: String = characters.collect();
    check(&text);
    check(&normalise(&text));
}

#[test]
fn decomposed_hangul() {
    let text = "\u{110c}\u{116e}\u{110e}\u{1161}\u{110c}\u{1161}\u{11bc} ".repeat(100_000);
    check(&text);
    check(&normalise(&text));
}

#[test]
fn nuls_and_other_controls() {
    check(&"\0".repeat(1_000_000));
    check(&"주\0차\u{1}장\u{7f}에\u{85} \0".repeat(100_000));
}

#[test]
fn sequences_of_emoji() {
    check(&"👨‍👩‍👧‍👦👍🏽🇰🇷❤️‍🔥1️⃣ 가".repeat(20_000));
    check(&"👍🏽".repeat(300_000));
    check(&"\u{200d}\u{fe0f}".repeat(100_000));
}

#[test]
fn combining_marks_without_a_letter() {
    check(&"\u{301}".repeat(1_000_000));
    check(&"\u{301}\u{302} 가\u{11a8}\u{1161}".repeat(100_000));
    check(&normalise(&"\u{301}\u{302} 가\u{11a8}\u{1161}".repeat(100_000)));
}
