//! Unknown nouns: names that no dictionary has. Only images with learned costs have them.

use ko_morph::{Analyser, Dictionary, Tag, UserDictionary};

use crate::lexicon::{Words, tokens};

fn words() -> Words {
    // An unknown word costs 5000, and 10,000 more before 집. A name of two syllables costs 9000.
    let words = Words::new().with("집", "NNG", 0);
    words.connection("UNKNOWN", "NNG", 10_000)
}

fn analyser(image: &[u8], user: &str) -> Analyser {
    let user = UserDictionary::parse(user).unwrap();
    Analyser::new(Dictionary::from_bytes(image).unwrap(), user)
}

#[track_caller]
fn check(text: &str, plain: &str, learned: &str) {
    assert_eq!(tokens(&analyser(&words().image(), ""), text), plain);
    assert_eq!(tokens(&analyser(&words().learned_image(), ""), text), learned);
}

#[test]
fn a_name_may_start_an_eojeol() {
    check("뷁쒧 집", "뷁쒧/UNKNOWN 집/NNG", "뷁쒧/NNP 집/NNG");
    check(
        "집 뷁쒧 집",
        "집/NNG 뷁쒧/UNKNOWN 집/NNG",
        "집/NNG 뷁쒧/NNP 집/NNG",
    );
}

#[test]
fn a_name_has_two_syllables_or_more_and_no_other_characters() {
    check("뷁a 집", "뷁/UNKNOWN a/SL 집/NNG", "뷁/UNKNOWN a/SL 집/NNG");
    check("쒧 집", "쒧/UNKNOWN 집/NNG", "쒧/UNKNOWN 집/NNG");
}

#[test]
fn a_name_is_marked_unknown() {
    let analyser = analyser(&words().learned_image(), "");
    let mut worker = analyser.worker();
    let name = worker.morphemes("뷁쒧 집").next().unwrap();
    assert_eq!((name.surface, name.tag, name.known), ("뷁쒧", Tag::NNP, false));
}

#[test]
fn a_word_of_the_user_wins_over_a_name() {
    let analyser = analyser(&words().learned_image(), "뷁쒧,NNG");
    assert_eq!(tokens(&analyser, "뷁쒧 집"), "뷁쒧/NNG 집/NNG");
}

#[test]
fn a_cut_within_a_long_word_starts_no_name() {
    // A chunk has 2730 syllables, so there are two chunks. A name of five syllables costs less than two words.
    let text = "가".repeat(2740);
    let image = Words::new().with("가", "NNG", 9000).learned_image();
    let analyser = analyser(&image, "");
    let mut worker = analyser.worker();
    let names: Vec<_> = worker.tokens(&text).map(|token| token.tag == "NNP").collect();
    assert!(names[0] && !names[1..].contains(&true));
}
