//! Learning of costs from labelled texts: a structured perceptron over the analyser's own lattice.
//!
//! For each text the learner finds two paths: the *hope* agrees best with the labels and, among equals, costs least;
//! the *fear* is the cheapest path when disagreement is rewarded. In every eojeol in which they differ, and whose
//! labels the lattice can express, the numbers on the hope become cheaper and those on the fear dearer. Steps shrink
//! the more often a number has changed (AdaGrad), and the result is the average over all texts instead of the last
//! state. Every learned number belongs to a number of the image, so [`Weights`] change costs and not the search.
//!
//! The same labels and options give the same weights, byte for byte: there is one thread and a fixed order.

mod averaged;
mod learner;
mod model;
mod node;
mod path;
mod score;

use ko_morph::{Analyser, Dictionary, UserDictionary};
use xxhash_rust::xxh64::xxh64;

use self::learner::Learner;
pub use self::score::Score;
use crate::image::Content;
use crate::mine::{is_held_out, next_random};
use crate::{BuildError, LabelError, Lexicon, Weights, label};

/// Parameters of the learning.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Number of passes over all texts.
    pub epochs: u32,
    /// One text in this many is held out: it is measured on instead of learned from.
    pub held_out: usize,
    /// Smallest change of an entry or connection that the weights keep.
    pub smallest: i16,
    /// First step of an entry's cost. The steps of other numbers are fractions of it.
    pub step: f32,
    /// Cost that the fear saves for each character that disagrees with the labels.
    pub margin: f32,
    /// Seed for the order of the texts.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 3,
            held_out: 20,
            smallest: 40,
            step: 300.0,
            margin: 800.0,
            seed: 1,
        }
    }
}

/// An error of labels or a lexicon from which nothing can be learned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The lexicon cannot become an image.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A line of the labels is malformed.
    #[error(transparent)]
    Label(#[from] LabelError),
}

/// Learns weights from labels.
///
/// A line of labels is a text and its morphemes, separated by tabs. A morpheme has the form `form/tag/start/length` with
/// the position of its first character in the text, from 0, and the number of characters that it covers. Texts of [`CHUNK_BYTES`](ko_morph::CHUNK_BYTES) or more are
/// skipped.
///
/// Calls `progress` with 0 before the first epoch and with the number of each completed epoch, and with the score of
/// the held-out texts at that point.
///
/// # Errors
/// When a line is malformed or the lexicon cannot become an image.
pub fn train(
    lexicon: &Lexicon,
    labels: &str,
    options: Options,
    mut progress: impl FnMut(u32, Score),
) -> Result<Weights, TrainError> {
    let content = Content::with_unknown_nouns(lexicon)?;
    let dictionary = Dictionary::from_bytes(&content.to_bytes())
        .map_err(|_| BuildError::Lexicon("its image cannot be read"))?;
    let texts = label::parse(labels)?;
    let (held_out, learned): (Vec<_>, Vec<_>) = texts
        .iter()
        .enumerate()
        .partition(|&(place, _)| is_held_out(place, options.held_out));
    let mut learned: Vec<_> = learned.into_iter().map(|(_, text)| text).collect();
    let held_out: Vec<_> = held_out.into_iter().map(|(_, text)| text).collect();

    let analyser = Analyser::new(dictionary, UserDictionary::empty());
    let mut learner = Learner::new(&analyser, options);
    progress(0, learner.score(&held_out));
    let mut random = options.seed;
    for epoch in 1..=options.epochs {
        shuffle(&mut learned, &mut random);
        for text in &learned {
            learner.learn(text);
        }
        progress(epoch, learner.score(&held_out));
    }
    Ok(learner.weights(content.fingerprint(), xxh64(labels.as_bytes(), 0)))
}

/// Shuffles items with a linear congruential generator, which is random enough for an order.
fn shuffle<T>(items: &mut [T], random: &mut u64) {
    for place in (1..items.len()).rev() {
        *random = next_random(*random);
        items.swap(place, (*random >> 33) as usize % (place + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CharacterRule, LexiconWord, image, learned_image};

    /// Returns a lexicon in which 가나 is cheaper as one word than as 가 and 나.
    fn lexicon() -> Lexicon {
        let word = |surface: &str, tag: &str, cost| LexiconWord {
            surface: surface.to_owned(),
            cost,
            feature: format!("{tag},*,F,{surface},*,*,*,*"),
            ..Default::default()
        };
        let rule = CharacterRule {
            kinds: 2,
            category: 1,
            length: 2,
            ..Default::default()
        };
        let mut characters = vec![rule; 0x1_0000];
        characters[usize::from(b' ')] = CharacterRule {
            kinds: 1,
            ..Default::default()
        };
        Lexicon {
            name: "test".to_owned(),
            words: vec![
                word("가나", "NNG", 100),
                word("가", "NNG", 100),
                word("나", "JX", 100),
                word("다", "EC", 100),
            ],
            unknown: [(0, vec![word("", "SP", 0)]), (1, vec![word("", "UNKNOWN", 9000)])]
                .into_iter()
                .collect(),
            characters,
            left_ids: 1,
            right_ids: 1,
            connections: vec![0],
            penalties: Vec::new(),
        }
    }

    const LABELS: &str = "가나 다\t가/NNG/0/1\t나/JX/1/1\t다/EC/3/1\n마바 다\t마바/NNP/0/2\t다/EC/3/1\n";

    fn labels() -> String {
        LABELS.repeat(30)
    }

    fn learned() -> Weights {
        train(&lexicon(), &labels(), Options::default(), |_, _| ()).expect("the labels are well-formed")
    }

    #[track_caller]
    fn check(image: &[u8], text: &str, expected: &str) {
        let dictionary = Dictionary::from_bytes(image).expect("the image is valid");
        let analyser = Analyser::new(dictionary, UserDictionary::empty());
        let found: Vec<_> = analyser
            .worker()
            .tokens(text)
            .map(|token| format!("{}/{}", token.surface, token.tag))
            .collect();
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn learns_the_analyses_of_the_labels() {
        let learned = learned_image(&lexicon(), &learned()).expect("the weights fit");
        let plain = image(&lexicon()).expect("the lexicon is valid");
        check(&plain, "가나 다", "가나/NNG 다/EC");
        check(&learned, "가나 다", "가/NNG 나/JX 다/EC");
        check(&learned, "마바 다", "마바/NNP 다/EC");
    }

    #[test]
    fn learns_homographs_that_differ_in_their_analysis_alone() {
        let mut lexicon = lexicon();
        let homograph = |feature: &str, cost| LexiconWord {
            surface: "걸".to_owned(),
            cost,
            feature: feature.to_owned(),
            ..Default::default()
        };
        lexicon
            .words
            .push(homograph("NNB,*,T,걸,Inflect,NNB,JKO,것/NNB/*+을/JKO/*", 0));
        lexicon.words.push(homograph("VV,*,T,걸,*,*,*,*", 500));
        let labels = "걸 다\t걸/VV/0/1\t다/EC/2/1\n".repeat(60);
        let weights =
            train(&lexicon, &labels, Options::default(), |_, _| ()).expect("the labels are well-formed");
        check(
            &learned_image(&lexicon, &weights).expect("the weights fit"),
            "걸 다",
            "걸/VV 다/EC",
        );
        check(
            &image(&lexicon).expect("the lexicon is valid"),
            "걸 다",
            "걸/NNB 다/EC",
        );
    }

    #[test]
    fn two_runs_give_equal_weights() {
        assert_eq!(learned().to_bytes(), learned().to_bytes());
    }

    #[test]
    fn rejects_weights_of_another_dictionary() {
        let mut other = lexicon();
        other.words[0].cost += 1;
        let error = learned_image(&other, &learned())
            .expect_err("is refused")
            .to_string();
        assert_eq!(
            error,
            "could not build an image of the lexicon: the weights were learned for another dictionary"
        );
    }

    #[test]
    fn the_image_names_its_weights() {
        let weights = learned();
        let image = learned_image(&lexicon(), &weights).expect("the weights fit");
        let version = Dictionary::from_bytes(&image)
            .expect("the image is valid")
            .version();
        assert!(
            version.starts_with(&format!("test + {} ", weights.name())),
            "{version}"
        );
    }

    #[test]
    fn reports_the_number_of_a_malformed_line() {
        for (line, problem) in [
            ("가\t가/NNG/0", "\"가/NNG/0\", expected form/tag/start/length"),
            ("가\t가/XY/0/1", "unknown part of speech \"XY\""),
            (
                "가\t가/NNG/1/1",
                "\"가/NNG/1/1\" starts after the end of the text",
            ),
            ("가\t가/NNG/x/1", "start \"x\", expected a number"),
            ("가\t가/NNG/0/x", "length \"x\", expected a number"),
        ] {
            let labels = format!("{LABELS}{line}\n");
            let error = train(&lexicon(), &labels, Options::default(), |_, _| ()).expect_err("is refused");
            assert_eq!(
                error.to_string(),
                format!("line 3 of the labels is malformed: {problem}")
            );
        }
    }
}
