//! Prints the morphemes of each line of the standard input as `form/TAG`, with tabs between:
//! `cargo run --release -p ko-morph --example morphemes -- dictionary/ko.image < text`

use std::error::Error;
use std::io::{BufWriter, Write, stdin, stdout};
use std::path::Path;

use ko_morph::{Analyser, Dictionary, UserDictionary, normalise};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let image = arguments
        .next()
        .ok_or("usage: morphemes IMAGE [USER_DICTIONARY]")?;
    let user = match arguments.next() {
        Some(path) => UserDictionary::parse(&std::fs::read_to_string(path)?)?,
        None => UserDictionary::empty(),
    };
    let analyser = Analyser::new(Dictionary::open(Path::new(&image))?, user);
    let mut worker = analyser.worker();
    let mut output = BufWriter::new(stdout().lock());
    for line in stdin().lines() {
        let line = line?;
        for (place, morpheme) in worker.morphemes(&normalise(&line)).enumerate() {
            let tab = if place == 0 { "" } else { "\t" };
            write!(output, "{tab}{}/{}", morpheme.surface, morpheme.tag)?;
        }
        writeln!(output)?;
    }
    output.flush()?;
    Ok(())
}
