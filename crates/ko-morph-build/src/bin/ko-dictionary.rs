//! Builds a dictionary image: `ko-dictionary FOLDER IMAGE [NAME [WEIGHTS [WORDS]]]`.
//!
//! FOLDER has MeCab's `sys.dic`, `matrix.bin`, `char.bin`, `unk.dic` and `dicrc`. NAME is the dictionary's name and
//! version. WEIGHTS is a file of learned costs, and WORDS has the words that the dictionary lacks and that the costs were
//! learned with.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use ko_morph_build::{ExtraWords, Weights, image, learned_image, read_mecab};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, output, name, weights, words) = match arguments.as_slice() {
        [folder, output] => (folder, output, "MeCab dictionary", None, None),
        [folder, output, name] => (folder, output, name.as_str(), None, None),
        [folder, output, name, weights] => (folder, output, name.as_str(), Some(weights), None),
        [folder, output, name, weights, words] => (folder, output, name.as_str(), Some(weights), Some(words)),
        _ => return Err("usage: ko-dictionary FOLDER IMAGE [NAME [WEIGHTS [WORDS]]]".into()),
    };
    let read = |path: &str| fs::read(path).map_err(|error| format!("could not read {path}: {error}"));
    let mut lexicon = read_mecab(Path::new(folder), name)?;
    if let Some(path) = words {
        lexicon.add(&ExtraWords::parse(&String::from_utf8(read(path)?)?)?);
    }
    let image = match weights {
        Some(path) => learned_image(&lexicon, &Weights::parse(&read(path)?)?)?,
        None => image(&lexicon)?,
    };
    replace(Path::new(output), &image)
}

/// Writes a file beside the path and renames it, so that programs that have mapped the old image keep it whole.
fn replace(path: &Path, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let result = fs::write(&beside, content).and_then(|()| fs::rename(&beside, path));
    result.map_err(|error| {
        // The write has failed already: a leftover file changes nothing.
        let _ = fs::remove_file(&beside);
        format!("could not write {}: {error}", path.display()).into()
    })
}
