//! Makes a dictionary image: `ko-dictionary FOLDER IMAGE [NAME [WEIGHTS]]`, where the folder has MeCab's `sys.dic`,
//! `matrix.bin`, `char.bin`, `unk.dic` and `dicrc`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use ko_morph::build::{Weights, image, learned_image, read_mecab};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, output, name, weights) = match arguments.as_slice() {
        [folder, output] => (folder, output, "MeCab dictionary", None),
        [folder, output, name] => (folder, output, name.as_str(), None),
        [folder, output, name, weights] => (folder, output, name.as_str(), Some(weights)),
        _ => return Err("usage: ko-dictionary FOLDER IMAGE [NAME [WEIGHTS]]".into()),
    };
    let lexicon = read_mecab(Path::new(folder), name)?;
    let image = match weights {
        Some(path) => {
            let bytes = fs::read(path).map_err(|error| format!("could not read {path}: {error}"))?;
            learned_image(&lexicon, &Weights::parse(&bytes)?)?
        }
        None => image(&lexicon)?,
    };
    replace(Path::new(output), &image)
}

/// Writes beside the file and renames, so that who has the old image mapped keeps it whole.
fn replace(path: &Path, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::write(&beside, content).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // What is left of it helps nobody; that it cannot be removed either changes nothing.
        let _ = fs::remove_file(&beside);
        format!("could not write {}: {error}", path.display()).into()
    })
}
