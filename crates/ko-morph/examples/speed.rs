//! Measures the analyser on a text, on one core:
//! `cargo run --release -p ko-morph --example speed -- dictionary/ko.image text.txt`

#![expect(clippy::disallowed_methods, reason = "measuring needs a clock")]

use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;
use std::time::Instant;

use ko_morph::{Analyser, Dictionary, UserDictionary, normalise};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, text] = arguments.as_slice() else {
        return Err("usage: speed IMAGE TEXT".into());
    };
    let text = std::fs::read_to_string(text)?;

    let start = Instant::now();
    let analyser = Analyser::new(Dictionary::open(Path::new(image))?, UserDictionary::empty());
    let mut worker = analyser.worker();
    let first = worker.tokens(text.lines().next().unwrap_or_default()).count();
    let cold = start.elapsed();

    let start = Instant::now();
    let tokens = worker.tokens(&normalise(&text)).count();
    let token_time = start.elapsed();
    let start = Instant::now();
    let nouns = worker
        .morphemes(&normalise(&text))
        .filter(|morpheme| morpheme.tag.is_noun())
        .count();
    let morpheme_time = start.elapsed();

    let speed = |time: std::time::Duration| text.len() as f64 / 1e6 / time.as_secs_f64();
    let mut out = stdout().lock();
    writeln!(out, "{}", analyser.version())?;
    writeln!(
        out,
        "load and first line ({first} tokens): {:.3} ms",
        cold.as_secs_f64() * 1e3
    )?;
    writeln!(
        out,
        "tokens:    {tokens} in {token_time:.2?}, {:.2} MB/s",
        speed(token_time)
    )?;
    writeln!(
        out,
        "morphemes: {nouns} nouns in {morpheme_time:.2?}, {:.2} MB/s",
        speed(morpheme_time)
    )?;
    Ok(())
}
