#![no_main]

use ko_morph::UserDictionary;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{parts, small};
use stat_analysis::fuzz::{self, WordLists};

// USER_DICTIONARY, STOP_WORDS, TERMS and a text. A list gives the same version twice; each spelling of a list of terms is
// found; a text that is counted twice counts twice; personal data is removed at once.
fuzz_target!(|data: &[u8]| {
    let [user_dictionary, stop_words, terms, text] = parts(data);
    if let (Ok(once), Ok(twice)) = (
        UserDictionary::parse(&user_dictionary),
        UserDictionary::parse(&user_dictionary),
    ) {
        assert_eq!(once.version(), twice.version());
    }
    for (spelling, term) in fuzz::terms(&terms).unwrap_or_default() {
        assert!(term.is_some(), "{spelling:?} is not found");
    }
    let lists = WordLists {
        user_dictionary: &user_dictionary,
        stop_words: &stop_words,
        terms: &terms,
    };
    for (term, frequency, documents) in fuzz::counts(small::dictionary(), lists, &text).unwrap_or_default() {
        assert!(!term.is_empty() && !term.contains(['\n', '\t']), "{term:?}");
        assert!(
            frequency >= documents && (1..=2).contains(&documents),
            "{term:?}: {frequency}, {documents}"
        );
    }
    let [once, twice] = fuzz::without_personal_data(small::dictionary(), &text);
    assert_eq!(once, twice, "of {text:?}");
});
