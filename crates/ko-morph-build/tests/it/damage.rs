//! Damaged images: the analyser rejects them or analyses wrongly, and never panics.

use std::ops::Range;

use ko_morph::{Analyser, Dictionary, ImageError, UserDictionary, include_image};

use crate::lexicon::{Words, morphemes, tokens};

const TEXT: &str = "주차장에 살펴봤지만 abc 123 뷁뷁뷁 ㅋㅋㅋ 주차권 \0 ★ 漢字 😀 가나다";

fn image() -> Vec<u8> {
    lexicon().image()
}

/// Returns the plain image and one with unknown nouns.
fn images() -> [Vec<u8>; 2] {
    [lexicon().image(), lexicon().learned_image()]
}

fn lexicon() -> Words {
    let words = Words::new()
        .with_feature(
            "주차장",
            0,
            "NNG,장소,T,주차장,Compound,*,*,주차/NNG/행위+장/NNG/*",
        )
        .with_feature("고춧값", 0, "NNG,*,T,고춧값,Compound,*,*,고추/NNG/*+값/NNG/*")
        .with_feature("살펴봤", 0, "VV+EP,*,T,살펴봤,Inflect,VV,EP,살펴보/VV/*+았/EP/*");
    let words = words
        .with("주차", "NNG", 0)
        .with("에", "JKB", 0)
        .with("지만", "EC", 0)
        .with("가", "NNG", 0);
    words.penalty("JKB", 3000)
}

/// Returns the bounds of the sections according to the header.
fn sections(image: &[u8]) -> Vec<Range<usize>> {
    let number = |at: usize| u64::from_le_bytes(image[at..at + 8].try_into().unwrap()) as usize;
    let count = u32::from_le_bytes(image[12..16].try_into().unwrap()) as usize;
    (0..count)
        .map(|section| 32 + section * 16)
        .map(|row| number(row)..number(row) + number(row + 8))
        .collect()
}

fn analyse(image: &[u8]) -> Result<(), ImageError> {
    let user = UserDictionary::parse("주차권,NNG\n정산기,NNP").unwrap();
    let analyser = Analyser::new(Dictionary::from_bytes(image)?, user);
    tokens(&analyser, TEXT);
    morphemes(&analyser, TEXT);
    Ok(())
}

#[track_caller]
fn check(image: &[u8], expected: &str) {
    let error = Dictionary::from_bytes(image).expect_err("is rejected");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_intact_image_verifies() {
    let dictionary = Dictionary::from_bytes(&image()).unwrap();
    dictionary.verify().unwrap();
    assert!(dictionary.version().starts_with("test 1 "));
}

#[test]
fn a_lexicon_always_makes_the_same_image() {
    assert!(image() == image());
}

#[test]
fn rejects_other_files() {
    check(b"", "not a dictionary image: it does not start with KO-MORPH");
    check(
        &[0; 4096],
        "not a dictionary image: it does not start with KO-MORPH",
    );
    check(
        b"KO-MORPH",
        "the dictionary image is damaged: its header is cut off",
    );
    let missing = Dictionary::open("no/such/file".as_ref()).err().unwrap();
    assert_eq!(
        missing.to_string(),
        "could not read the dictionary image no/such/file"
    );
}

#[test]
fn rejects_another_format() {
    let mut other = image();
    other[8] = 99;
    check(
        &other,
        "the dictionary image has format 99, expected 5; build the image again",
    );
}

#[test]
fn rejects_a_shorter_image_wherever_it_ends() {
    let image = image();
    let ends = sections(&image)
        .into_iter()
        .flat_map(|section| [section.start, section.end - 1]);
    for end in ends.chain(0..400).chain([image.len() - 1, image.len() - 8]) {
        assert!(Dictionary::from_bytes(&image[..end]).is_err(), "cut at {end}");
    }
    let expected = format!(
        "the dictionary image has {} bytes, expected {}; copy or build it again",
        image.len() - 64,
        image.len()
    );
    check(&image[..image.len() - 64], &expected);
    assert!(Dictionary::from_bytes(&[&image[..], &[0; 64]].concat()).is_err());
}

#[test]
fn rejects_a_changed_header() {
    let image = image();
    for place in 0..32 + sections(&image).len() * 16 + 8 {
        for bit in 0..8 {
            let mut damaged = image.clone();
            damaged[place] ^= 1 << bit;
            assert!(
                Dictionary::from_bytes(&damaged).is_err(),
                "byte {place}, bit {bit}"
            );
        }
    }
}

#[test]
fn detects_changed_content_and_never_panics() {
    images().into_iter().for_each(change_content);
}

fn change_content(image: Vec<u8>) {
    // The section of characters is large and uniform: a sample is enough.
    let places = sections(&image).into_iter().flat_map(|section| {
        let step = if section.len() > 100_000 { 997 } else { 1 };
        section.step_by(step)
    });
    for place in places {
        for change in [1, 0x80, 0xff] {
            let mut damaged = image.clone();
            damaged[place] ^= change;
            // Rejected at once, or analysed somehow.
            if analyse(&damaged).is_ok() {
                let dictionary = Dictionary::from_bytes(&damaged).unwrap();
                assert!(
                    matches!(dictionary.verify(), Err(ImageError::Damaged(_))),
                    "byte {place}"
                );
            }
        }
    }
}

#[test]
fn never_panics_on_sections_of_noise() {
    images().into_iter().for_each(fill_with_noise);
}

fn fill_with_noise(image: Vec<u8>) {
    let mut noise = 1_u32;
    for section in sections(&image) {
        for _ in 0..50 {
            let mut damaged = image.clone();
            for byte in &mut damaged[section.clone()] {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (noise >> 24) as u8;
            }
            // Both outcomes are right here.
            let _ = analyse(&damaged);
        }
        for value in [0, 0xff] {
            let mut damaged = image.clone();
            damaged[section.clone()].fill(value);
            let _ = analyse(&damaged);
        }
    }
}

#[test]
fn rejects_an_image_at_an_odd_address() {
    let image = [&[0; 1][..], &image()].concat();
    let image: &'static [u8] = Box::leak(image.into_boxed_slice());
    // One of two neighbouring addresses is odd.
    let shifted = Dictionary::from_static(&image[1..]).err();
    assert!(image[1..].as_ptr().align_offset(8) == 0 || matches!(shifted, Some(ImageError::Unaligned)));
}

#[test]
fn an_embedded_file_is_aligned() {
    let file: &'static [u8] = include_image!("../../README.md");
    assert_eq!(file.as_ptr().align_offset(64), 0);
    assert!(matches!(Dictionary::from_static(file), Err(ImageError::Foreign)));
}

#[test]
fn maps_an_image_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ko.image");
    std::fs::write(&path, image()).unwrap();
    let dictionary = Dictionary::open(&path).unwrap();
    dictionary.verify().unwrap();
    let analyser = Analyser::new(dictionary, UserDictionary::empty());
    assert_eq!(tokens(&analyser, "주차장"), "주차장/NNG");

    std::fs::write(folder.path().join("empty"), "").unwrap();
    assert!(Dictionary::open(&folder.path().join("empty")).is_err());
}
