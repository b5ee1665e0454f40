//! Finds words that a dictionary lacks in labelled texts: `ko-mine FOLDER LABELS WORDS NOISY`.
//!
//! FOLDER has a dictionary that MeCab has compiled. LABELS has lines as `ko-train` reads them. The program writes the
//! words to WORDS, and to NOISY the labels with some words of the texts misspelt, to be learned from.

#![allow(clippy::print_stderr, reason = "prints the result")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use ko_morph_build::{MineOptions, mine, read_mecab};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, labels, words, noisy] = arguments.as_slice() else {
        return Err("usage: ko-mine FOLDER LABELS WORDS NOISY".into());
    };
    let lexicon = read_mecab(Path::new(folder), "")?;
    let text = fs::read_to_string(labels).map_err(|error| format!("could not read {labels}: {error}"))?;
    let mined = mine(&lexicon, &text, MineOptions::default())?;
    for (path, content) in [(words, mined.words.to_text()), (noisy, mined.labels)] {
        fs::write(path, content).map_err(|error| format!("could not write {path}: {error}"))?;
    }
    let misspelt = mined.words.len() - mined.mined;
    eprintln!(
        "wrote {words}: {} mined and {misspelt} misspelt words",
        mined.mined
    );
    Ok(())
}
