//! Makes a dictionary image: `ko-dictionary FOLDER IMAGE [NAME]`, where the folder has MeCab's `sys.dic`,
//! `matrix.bin`, `char.bin`, `unk.dic` and `dicrc`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use ko_morph::build::{image, read_mecab};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, output, name) = match arguments.as_slice() {
        [folder, output] => (folder, output, "MeCab dictionary"),
        [folder, output, name] => (folder, output, name.as_str()),
        _ => return Err("usage: ko-dictionary FOLDER IMAGE [NAME]".into()),
    };
    replace(Path::new(output), &image(&read_mecab(Path::new(folder), name)?)?)
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
