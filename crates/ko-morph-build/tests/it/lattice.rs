//! The lattice: the words that the search considers.

use crate::lexicon::Words;

fn words() -> Words {
    Words::new()
        .with("가", "NNG", 0)
        .with("가나", "NNG", 0)
        .with("나", "NNG", 0)
}

#[test]
fn returns_every_word_with_its_bounds_and_the_position_that_it_follows() {
    let analyser = words().analyser();
    let mut worker = analyser.worker();
    let text = "가나 가";
    let found: Vec<_> = worker
        .lattice(text)
        .map(|word| (&text[word.bytes], word.characters, word.follows))
        .collect();
    let expected = [
        ("가나", 0..2, 0),
        ("가", 0..1, 0),
        ("나", 1..2, 1),
        ("가", 3..4, 2),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_word_of_the_user_has_no_entry() {
    let user = ko_morph::UserDictionary::parse("뷁,NNG").unwrap();
    let analyser = words().analyser_with(user);
    let mut worker = analyser.worker();
    assert!(worker.lattice("뷁").all(|word| word.entry.is_none()));
    assert_eq!(worker.lattice("").count(), 0);
}

/// A lexicon in which every category invokes unknown words of up to three characters and a group.
fn invoking() -> Words {
    let words = Words::new().with("ㅋ", "IC", 0).with("ㅋㅋ", "IC", 0);
    words
        .with("ㅋㅋㅋ", "IC", 0)
        .with("ㅋㅋㅋㅋ", "IC", 0)
        .invoke_everything()
}

#[test]
fn work_is_proportional_to_length() {
    let analyser = invoking().analyser();
    let mut worker = analyser.worker();
    // The search visits each word once more, from the position at which it ends.
    let mut words = |text: &str| worker.lattice(text).count();
    for unit in ["ㅋ", "1", "ㅋㅋㅋ ", "가1 ", "👍"] {
        let (few, many) = (words(&unit.repeat(300)), words(&unit.repeat(1200)));
        // Fewer words fit at the end of a text.
        assert!(many <= few * 4 + 50, "{unit}: {few} and {many}");
        // At each position 4 words of the dictionary and 4 unknown ones.
        assert!(many <= 8 * 1200 * unit.chars().count(), "{unit}: {many}");
    }
}
