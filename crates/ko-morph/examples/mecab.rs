//! Analyses the lines of the standard input and prints them as MeCab does:
//! `cargo run --release -p ko-morph --example mecab -- dictionary/ko.image < text`

use std::error::Error;
use std::io::{BufWriter, Write, stdin, stdout};
use std::path::Path;

use ko_morph::{Analyser, Dictionary, UserDictionary};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let image = arguments.next().ok_or("usage: mecab IMAGE [USER_DICTIONARY]")?;
    let user = match arguments.next() {
        Some(path) => UserDictionary::parse(&std::fs::read_to_string(path)?)?,
        None => UserDictionary::empty(),
    };
    let analyser = Analyser::new(Dictionary::open(Path::new(&image))?, user);
    let mut worker = analyser.worker();
    let mut output = BufWriter::new(stdout().lock());
    for line in stdin().lines() {
        let line = line?;
        // MeCab does not normalise either. Other programs call `ko_morph::normalise` first.
        for token in worker.tokens(&line) {
            writeln!(output, "{}\t{}", token.surface, token.tag)?;
        }
        writeln!(output, "EOS")?;
    }
    output.flush()?;
    Ok(())
}
