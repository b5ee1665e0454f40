//! Learns costs from labelled texts: `ko-train FOLDER LABELS WEIGHTS [EPOCHS]`, where the folder has MeCab's compiled
//! dictionary and the labels are lines of a text and its morphemes as `form/tag/start`, separated by tabs.

#![allow(clippy::print_stderr, reason = "progress is for people")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use ko_morph::build::read_mecab;
use ko_morph::train::{Options, train};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, labels, output, epochs) = match arguments.as_slice() {
        [folder, labels, output] => (folder, labels, output, None),
        [folder, labels, output, epochs] => (folder, labels, output, Some(epochs.parse()?)),
        _ => return Err("usage: ko-train FOLDER LABELS WEIGHTS [EPOCHS]".into()),
    };
    let mut options = Options::default();
    options.epochs = epochs.unwrap_or(options.epochs);
    let lexicon = read_mecab(Path::new(folder), "")?;
    let weights = train(&lexicon, &fs::read_to_string(labels)?, options, |epoch, score| {
        eprintln!(
            "epoch {epoch}: against the labels of held out texts, morphemes {:.2}, nouns {:.2}",
            score.morphemes, score.nouns
        );
    })?;
    let bytes = weights.to_bytes();
    fs::write(output, &bytes)?;
    eprintln!("{}: {} bytes", weights.name(), bytes.len());
    Ok(())
}
