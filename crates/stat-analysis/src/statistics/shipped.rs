//! The analyser and lists as they ship, for tests.

use std::path::Path;
use std::sync::LazyLock;

use ko_morph::{Analyser, Dictionary, UserDictionary};

use super::stop_words::{self, StopWords};
use super::term_list::{self, TermList};
use super::vocabulary::{self, Vocabulary};

static SHIPPED: LazyLock<(Analyser, Vocabulary)> = LazyLock::new(|| {
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionary/ko.image");
    let dictionary = Dictionary::open(&image).expect("`make dictionary` builds the image");
    let words = include_str!("../../data/building-management.csv");
    let words = UserDictionary::parse(words).expect("is well-formed");
    let terms = TermList::parse(term_list::SHIPPED, "").expect("is well-formed");
    let analyser = vocabulary::analyser(dictionary, words, &terms).expect("the words are well-formed");
    let stop_words = StopWords::parse(stop_words::SHIPPED, "");
    let vocabulary = Vocabulary::new(stop_words, terms, &mut analyser.worker());
    (analyser, vocabulary)
});

pub(crate) fn analyser() -> &'static Analyser {
    &SHIPPED.0
}

pub(crate) fn vocabulary() -> &'static Vocabulary {
    &SHIPPED.1
}
