use ko_morph::UserDictionary;

use crate::lexicon::{Words, morphemes, tokens};

fn words() -> Words {
    Words::new()
        .with_feature("집", 0, "NNG,*,T,집,*,*,*,*")
        .with_feature("나무", 0, "NNG,*,F,나무,*,*,*,*")
        .with("주차", "NNG", 100)
        .with("권", "XSN", 100)
}

#[test]
fn a_word_of_the_user_wins() {
    assert_eq!(tokens(&words().analyser(), "주차권"), "주차/NNG 권/XSN");
    let user = UserDictionary::parse("주차권,NNG").unwrap();
    let analyser = words().analyser_with(user);
    assert_eq!(morphemes(&analyser, "주차권주차"), "_주차권/NNG 주차/NNG");
    let from_user: Vec<_> = analyser
        .worker()
        .morphemes("주차권주차")
        .map(|it| it.from_user_dictionary && it.known)
        .collect();
    assert_eq!(from_user, [true, false]);
}

#[test]
fn finds_the_longest_and_the_shortest_word() {
    let user =
        UserDictionary::parse("냉난,NNG\n냉난방,NNG,0\n냉난방기,NNP\n냉,NNG\n방기,NNG\n난방,NNP").unwrap();
    let analyser = words().analyser_with(user);
    // 냉난 and 방기 cost -4000, 냉난방기 alone -2000.
    assert_eq!(tokens(&analyser, "냉난방기"), "냉난/NNG 방기/NNG");
    assert_eq!(tokens(&analyser, "난방 냉"), "난방/NNP 냉/NNG");
}

#[test]
fn the_dictionary_wins_over_the_user_at_equal_costs() {
    let analyser = words().analyser_with(UserDictionary::parse("주차,NNP,100").unwrap());
    assert_eq!(tokens(&analyser, "주차"), "주차/NNG");
}

#[test]
fn the_version_of_an_analyser_names_all_parts() {
    let analyser = words().analyser_with(UserDictionary::parse("주차권,NNG").unwrap());
    let version = analyser.version();
    let crate_version = env!("CARGO_PKG_VERSION");
    assert!(
        version.starts_with(&format!("ko-morph {crate_version}, test 1 ")),
        "{version}"
    );
    assert!(
        version.ends_with(&format!(", user {}", analyser.user_dictionary().version())),
        "{version}"
    );
    assert_ne!(version, words().with("새", "NNG", 0).analyser().version());
}

#[test]
fn a_word_of_the_user_may_have_any_tag_and_morphemes() {
    let user = UserDictionary::parse(
        "쌩깜,VV+ETN,,쌩까/VV+ㅁ/ETN\n출입카드,NNG,,출입/NNG+카드/NNG\n엘베,NNG,-2000,엘리베이터/NNG\n진짜로,MAG",
    );
    let analyser = words().analyser_with(user.unwrap());
    assert_eq!(
        tokens(&analyser, "진짜로 쌩깜 출입카드 엘베"),
        "진짜로/MAG 쌩깜/VV+ETN 출입카드/NNG 엘베/NNG"
    );
    assert_eq!(
        morphemes(&analyser, "진짜로 쌩깜 출입카드 엘베"),
        "_진짜로/MAG _쌩까/VV ㅁ/ETN _출입카드/NNG(출입/NNG+카드/NNG) _엘리베이터/NNG"
    );
}

#[test]
fn a_word_of_the_user_has_the_contexts_of_its_first_and_last_morpheme() {
    // A verb may follow a noun cheaply, and an ending may stand before a noun; nothing else may.
    let words = Words::new()
        .with("집", "NNG", 0)
        .with("보", "VV", 0)
        .with("음", "ETN", 0)
        .connection("NNG", "VV", -3000)
        .connection("ETN", "NNG", -3000)
        .connection("NNG", "NNG", 9000);
    let user = UserDictionary::parse("봄,VV+ETN,0,보/VV+ㅁ/ETN\n봄봄,NNG,-4000").unwrap();
    let analyser = words.analyser_with(user);
    assert_eq!(tokens(&analyser, "집봄집"), "집/NNG 봄/VV+ETN 집/NNG");
    assert_eq!(tokens(&analyser, "집봄봄집"), "집/NNG 봄/VV+ETN 봄/VV+ETN 집/NNG");
}
