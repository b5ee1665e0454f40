//! Prints the morphemes of each line of the standard input as a line of JSON:
//! `cargo run --release -p ko-morph --features serde --example json -- dictionary/ko.image < text`

use std::error::Error;
use std::io::{BufWriter, Write, stdin, stdout};
use std::path::Path;

use ko_morph::{Analyser, Dictionary, Morpheme, UserDictionary, normalise};

fn main() -> Result<(), Box<dyn Error>> {
    let image = std::env::args().nth(1).ok_or("usage: json IMAGE")?;
    let analyser = Analyser::new(Dictionary::open(Path::new(&image))?, UserDictionary::empty());
    let mut worker = analyser.worker();
    let mut output = BufWriter::new(stdout().lock());
    for line in stdin().lines() {
        let line = line?;
        let text = normalise(&line);
        let morphemes: Vec<Morpheme<'_>> = worker.morphemes(&text).collect();
        serde_json::to_writer(&mut output, &morphemes)?;
        writeln!(output)?;
    }
    output.flush()?;
    Ok(())
}
