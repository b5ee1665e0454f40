//! Positions of tokens and morphemes in the text.

use ko_morph::UserDictionary;

use crate::lexicon::Words;

fn words() -> Words {
    Words::new()
        .with("집", "NNG", 0)
        .with("이", "JKS", 0)
        .with_feature("봤", 0, "VV+EP,*,T,봤,Inflect,VV,EP,보/VV/*+았/EP/*")
}

#[track_caller]
fn check(text: &str) {
    let analyser = words().analyser();
    let mut worker = analyser.worker();
    let tokens: Vec<_> = worker
        .tokens(text)
        .map(|token| (token.range(), token.surface))
        .collect();
    for (range, surface) in &tokens {
        assert_eq!(&text[range.clone()], *surface);
    }
    for morpheme in worker.morphemes(text) {
        assert_eq!(tokens[morpheme.token].0, morpheme.range(), "{}", morpheme.surface);
    }
}

#[test]
fn a_token_is_the_text_at_its_range() {
    check("집이 봤");
    check("\n 집 \0 이\n\n봤집★😀 이 ");
}

#[test]
fn ranges_count_from_the_start_of_the_text_in_every_chunk() {
    check(&"집이 봤 ".repeat(1500));
    check(&"집".repeat(6000));
}

#[test]
fn morphemes_of_an_inflected_word_share_its_range() {
    let analyser = words().analyser();
    let found: Vec<_> = analyser
        .worker()
        .morphemes("집 봤이")
        .map(|it| (it.surface.to_owned(), it.token, it.range(), it.word_start))
        .collect();
    // 집, the space, 봤 and 이 have 3, 1, 3 and 3 bytes.
    let expected = [
        ("집", 0, 0..3, true),
        ("보", 1, 4..7, true),
        ("았", 1, 4..7, false),
        ("이", 2, 7..10, false),
    ];
    assert_eq!(
        found,
        expected.map(|(surface, token, range, start)| (surface.to_owned(), token, range, start))
    );
}

#[test]
fn morphemes_of_a_word_of_the_user_name_their_source() {
    let user = UserDictionary::parse("엘베,NNG,,엘리베이터/NNG").unwrap();
    let analyser = words().analyser_with(user);
    let mut worker = analyser.worker();
    let lift = worker.morphemes("집 엘베이").nth(1).unwrap();
    assert_eq!((lift.surface, lift.range()), ("엘리베이터", 4..10));
    assert!(lift.known && lift.from_user_dictionary);
}
