//! Learns costs from labelled texts: `ko-train FOLDER WORDS LABELS WEIGHTS [EPOCHS]`.
//!
//! FOLDER has a dictionary that MeCab has compiled, and WORDS the words that it lacks, as `ko-mine` writes them; or it is
//! `none`. A line of LABELS is a text and its morphemes as `form/tag/start/length`, separated by tabs. The program writes
//! the learned costs to WEIGHTS.

#![allow(clippy::print_stderr, reason = "prints the progress")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use ko_morph_build::train::{Options, train};
use ko_morph_build::{ExtraWords, read_mecab};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, words, labels, output, epochs) = match arguments.as_slice() {
        [folder, words, labels, output] => (folder, words, labels, output, None),
        [folder, words, labels, output, epochs] => (folder, words, labels, output, Some(epochs)),
        _ => return Err("usage: ko-train FOLDER WORDS LABELS WEIGHTS [EPOCHS]".into()),
    };
    let mut options = Options::default();
    if let Some(epochs) = epochs {
        let number = epochs.parse();
        options.epochs = number.map_err(|_| format!("EPOCHS is {epochs:?}, expected a number"))?;
    }
    let read =
        |path: &str| fs::read_to_string(path).map_err(|error| format!("could not read {path}: {error}"));
    let mut lexicon = read_mecab(Path::new(folder), "")?;
    if words != "none" {
        lexicon.add(&ExtraWords::parse(&read(words)?)?);
    }
    let labels = read(labels)?;
    let weights = train(&lexicon, &labels, options, |epoch, score| {
        eprintln!(
            "epoch {epoch}: F1 against the labels of held-out texts: morphemes {:.2}, nouns {:.2}",
            score.morphemes, score.nouns
        );
    })?;
    let bytes = weights.to_bytes();
    fs::write(output, &bytes).map_err(|error| format!("could not write {output}: {error}"))?;
    eprintln!("wrote {output}: {}, {} bytes", weights.name(), bytes.len());
    Ok(())
}
