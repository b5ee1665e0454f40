//! Learns costs from labelled texts: `ko-train FOLDER LABELS WEIGHTS [EPOCHS]`.
//!
//! FOLDER has a dictionary that MeCab has compiled. A line of LABELS is a text and its morphemes as `form/tag/start`,
//! separated by tabs. The program writes the learned costs to WEIGHTS.

#![allow(clippy::print_stderr, reason = "prints the progress")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use ko_morph_build::read_mecab;
use ko_morph_build::train::{Options, train};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, labels, output, epochs) = match arguments.as_slice() {
        [folder, labels, output] => (folder, labels, output, None),
        [folder, labels, output, epochs] => (folder, labels, output, Some(epochs)),
        _ => return Err("usage: ko-train FOLDER LABELS WEIGHTS [EPOCHS]".into()),
    };
    let mut options = Options::default();
    if let Some(epochs) = epochs {
        let number = epochs.parse();
        options.epochs = number.map_err(|_| format!("EPOCHS is {epochs:?}, expected a number"))?;
    }
    let lexicon = read_mecab(Path::new(folder), "")?;
    let labels = fs::read_to_string(labels).map_err(|error| format!("could not read {labels}: {error}"))?;
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
