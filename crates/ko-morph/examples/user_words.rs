//! Shows what a user dictionary changes:
//! `cargo run --release -p ko-morph --example user_words -- dictionary/ko.image`

use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;

use ko_morph::{Analyser, Dictionary, UserDictionary};

const WORDS: &str = "
# A noun that the dictionary lacks.
공용부,NNG
# A compound and its parts.
출입카드,NNG,,출입/NNG+카드/NNG
# Another spelling of a word.
엘베,NNG,,엘리베이터/NNG
# An inflected word and its morphemes.
쌩깜,VV+ETN,,쌩까/VV+ㅁ/ETN
";

const TEXT: &str = "공용부 엘베에서 출입카드 찍어도 쌩깜";

fn main() -> Result<(), Box<dyn Error>> {
    let image = std::env::args().nth(1).ok_or("usage: user_words IMAGE")?;
    let mut output = stdout().lock();
    for user in [UserDictionary::empty(), UserDictionary::parse(WORDS)?] {
        let analyser = Analyser::new(Dictionary::open(Path::new(&image))?, user);
        writeln!(output, "{}", analyser.version())?;
        for morpheme in analyser.worker().morphemes(TEXT) {
            let parts: Vec<_> = morpheme.parts().map(|(form, _)| form).collect();
            let source = &TEXT[morpheme.range()];
            writeln!(
                output,
                "  {}/{} in {source} {}",
                morpheme.surface,
                morpheme.tag,
                parts.join("+")
            )?;
        }
    }
    Ok(())
}
