use ko_morph::UserDictionary;

use crate::lexicon::{Words, morphemes, tokens};

fn words() -> Words {
    Words::new()
        .with_feature("집", 0, "NNG,*,T,집,*,*,*,*")
        .with_feature("나무", 0, "NNG,*,F,나무,*,*,*,*")
        .with("주차", "NNG", 100)
        .with("권", "XSN", 100)
}

#[track_caller]
fn check_error(csv: &str, expected: &str) {
    let error = UserDictionary::parse(csv).expect_err("has a bad line");
    assert_eq!(
        error.to_string(),
        format!("the user dictionary has bad lines: {expected}")
    );
}

#[test]
fn a_users_word_wins() {
    assert_eq!(tokens(&words().analyser(), "주차권"), "주차/NNG 권/XSN");
    let user = UserDictionary::parse("주차권,NNG").unwrap();
    let analyser = words().analyser_with(user);
    assert_eq!(morphemes(&analyser, "주차권주차"), "_주차권/NNG 주차/NNG");
    let of_user: Vec<_> = analyser
        .worker()
        .morphemes("주차권주차")
        .map(|it| it.from_user_dictionary && it.known)
        .collect();
    assert_eq!(of_user, [true, false]);
}

#[test]
fn the_longest_and_the_shortest_word_are_found() {
    let user =
        UserDictionary::parse("냉난,NNG\n냉난방,NNG,0\n냉난방기,NNP\n냉,NNG\n방기,NNG\n난방,NNP").unwrap();
    let analyser = words().analyser_with(user);
    // 냉난 and 방기 cost -4000, 냉난방기 alone -2000.
    assert_eq!(tokens(&analyser, "냉난방기"), "냉난/NNG 방기/NNG");
    assert_eq!(tokens(&analyser, "난방 냉"), "난방/NNP 냉/NNG");
}

#[test]
fn a_users_word_stands_behind_the_dictionarys_at_equal_costs() {
    let analyser = words().analyser_with(UserDictionary::parse("주차,NNP,100").unwrap());
    assert_eq!(tokens(&analyser, "주차"), "주차/NNG");
}

#[test]
fn comments_blank_lines_and_a_byte_order_mark_are_skipped() {
    let user =
        UserDictionary::parse("\u{feff}# 단지\r\n\r\n 주차권 , NNG , -3000 \r\n정산기,NNP\r\n").unwrap();
    assert_eq!(user.len(), 2);
    assert!(user.contains("주차권") && user.contains("정산기") && !user.contains("주차"));
}

#[test]
fn words_are_normalised() {
    let user = UserDictionary::parse("\u{110c}\u{116e}\u{110e}\u{1161},NNG").unwrap();
    assert!(user.contains("주차"));
}

#[test]
fn every_bad_line_is_named() {
    check_error("주차권", "line 1: has no tag: NNG or NNP");
    check_error("# ok\n,NNG", "line 2: has no word");
    check_error("공용 부,NNG", "line 1: \"공용 부\" has a space in it");
    check_error("집,VV", "line 1: the tag must be NNG or NNP, not \"VV\"");
    check_error(
        "집,NNG,싸다",
        "line 1: the cost must be a number from -32768 to 32767, not \"싸다\"",
    );
    check_error(
        "집,NNG,40000",
        "line 1: the cost must be a number from -32768 to 32767, not \"40000\"",
    );
    check_error("집,NNG,1,2", "line 1: has more than word, tag and cost");
    let long = "가".repeat(65);
    check_error(
        &format!("{long},NNG"),
        "line 1: the word has 65 characters, more than 64",
    );
    check_error("집,NNG\n\n집,NNP", "line 3: \"집\" already stands in line 1");
    check_error(
        "a,b\nc",
        "line 1: the tag must be NNG or NNP, not \"b\"; line 2: has no tag: NNG or NNP",
    );
}

#[test]
fn the_version_depends_on_the_words_alone() {
    let version = |csv| UserDictionary::parse(csv).unwrap().version();
    assert_eq!(UserDictionary::empty().version(), "none");
    assert_eq!(version("# nothing"), "none");
    assert_eq!(
        version("집,NNG\n방,NNP"),
        version("# other order\n방,NNP,-2000\n\n집,NNG")
    );
    assert_ne!(version("집,NNG"), version("집,NNP"));
    assert_ne!(version("집,NNG"), version("집,NNG,-1999"));
    assert_eq!(version("집,NNG").len(), 12);
}

#[test]
fn the_analysers_version_names_all_parts() {
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
