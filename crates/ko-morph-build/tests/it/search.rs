//! The search: it chooses words as MeCab does.

use ko_morph::{Analyser, Dictionary, UserDictionary};

use crate::lexicon::{Words, morphemes, tokens};
use crate::memory::most_bytes;

#[track_caller]
fn check(words: &Words, text: &str, expected: &str) {
    assert_eq!(tokens(&words.analyser(), text), expected);
}

#[test]
fn takes_the_cheapest_path() {
    // 가 나다 costs 300, 가나 다 250, and 가나다 as one 260.
    let words = Words::new().with("가", "NNG", 100).with("나다", "VV", 200);
    let words = words
        .with("가나", "NNG", 150)
        .with("다", "EC", 100)
        .with("가나다", "NNP", 260);
    check(&words, "가나다", "가나/NNG 다/EC");
    // With a connection of 20, 가나 다 costs 270.
    check(&words.connection("NNG", "EC", 20), "가나다", "가나다/NNP");
}

#[test]
fn takes_the_first_of_homographs_with_equal_costs() {
    check(
        &Words::new().with("들", "NNG", 10).with("들", "XSN", 10),
        "들",
        "들/NNG",
    );
    check(
        &Words::new().with("들", "XSN", 10).with("들", "NNG", 10),
        "들",
        "들/XSN",
    );
}

#[test]
fn takes_the_path_whose_last_word_starts_last_among_equal_costs() {
    let words = Words::new().with("가", "NNG", 10).with("나다", "NNG", 10);
    check(
        &words.with("가나", "NNG", 10).with("다", "NNG", 10),
        "가나다",
        "가나/NNG 다/NNG",
    );
}

#[test]
fn keeps_only_the_cheapest_of_words_with_equal_contexts() {
    // The two NNG differ only in their costs.
    let words = Words::new()
        .with("가", "NNG", 20)
        .with("가", "NNG", 10)
        .with("가", "VV", 15);
    check(&words, "가", "가/NNG");
}

#[test]
fn connects_the_first_word_to_the_start_of_the_sentence() {
    // VV follows the start of the sentence (id 0) at 0, and NNG follows VV at -100.
    let words = Words::new()
        .with("가", "VV", 10)
        .with("나", "NNG", 50)
        .with("나", "VV", 10);
    check(&words.connection("VV", "NNG", -100), "가나", "가/VV 나/NNG");
}

#[test]
fn skips_spaces_and_keeps_the_context() {
    // 수 is NNB after VV, with or without a space.
    let words = Words::new()
        .with("볼", "VV", 0)
        .with("수", "NNG", 10)
        .with("수", "NNB", 20);
    let words = words.connection("VV", "NNB", -50);
    check(&words, "볼 수", "볼/VV 수/NNB");
    check(&words, "  볼 \t  수  ", "볼/VV 수/NNB");
    check(&words, "수", "수/NNG");
}

#[test]
fn adds_the_penalty_of_a_particle_after_a_space() {
    let words = Words::new()
        .with("집", "NNG", 0)
        .with("이", "JKS", 10)
        .with("이", "NNG", 1000);
    let words = words.penalty("JKS", 3000);
    check(&words, "집이", "집/NNG 이/JKS");
    check(&words, "집 이", "집/NNG 이/NNG");
    check(&words, " 이", "이/NNG");
}

#[test]
fn no_token_contains_a_space() {
    let words = Words::new()
        .with("영치기 영차", "IC", 0)
        .with("영치기", "NNG", 0)
        .with("영차 ", "NNG", 0);
    check(&words, "영치기 영차", "영치기/NNG 영차/NNG");
    check(&words, "영차 영치기", "영차/NNG 영치기/NNG");
    assert_eq!(
        morphemes(&words.analyser(), "영차 영치기"),
        "_영차/NNG _영치기/NNG"
    );
}

#[test]
fn jamo_end_a_run_of_syllables_with_learned_costs() {
    let words = Words::new().with("회", "NNG", 0);
    let learned = Dictionary::from_bytes(&words.learned_image()).unwrap();
    let learned = Analyser::new(learned, UserDictionary::empty());
    check(&words, "회ㅠㅠ뷁회", "회/NNG ㅠㅠ뷁회/UNKNOWN");
    assert_eq!(
        tokens(&learned, "회ㅠㅠ뷁회"),
        "회/NNG ㅠㅠ/UNKNOWN 뷁/UNKNOWN 회/NNG"
    );
}

#[test]
fn groups_unknown_characters_of_one_kind() {
    let words = Words::new().with("회", "NNG", 0);
    check(&words, "123회", "123/SN 회/NNG");
    check(&words, "abc123", "abc/SL 123/SN");
    // No word starts with 뷁: an unknown word has 1, 2 or all 3 characters, each at 5000.
    check(&words, "뷁뷁뷁", "뷁뷁뷁/UNKNOWN");
    // The unknown word ends before a known one.
    check(&words, "뷁뷁회", "뷁뷁/UNKNOWN 회/NNG");
    check(&words, "★♥", "★♥/SY");
    check(&words, "😀😀", "😀😀/SY");
}

#[test]
fn prefers_an_unknown_word_to_a_dear_known_one_where_the_category_invokes() {
    // The category of digits always adds unknown words, that of Hangul only where no word is known.
    let words = Words::new().with("1", "NNG", 9000).with("가", "NNG", 9000);
    check(&words, "12", "12/SN");
    check(&words, "가", "가/NNG");
}

#[test]
fn groups_have_no_limit() {
    let digits = "1".repeat(100);
    check(&Words::new(), &digits, &format!("{digits}/SN"));
}

#[test]
fn divides_inflected_words() {
    let words = Words::new()
        .with_feature("살펴봤", 0, "VV+EP,*,T,살펴봤,Inflect,VV,EP,살펴보/VV/*+았/EP/*")
        .with("지만", "EC", 0);
    check(&words, "살펴봤지만", "살펴봤/VV+EP 지만/EC");
    assert_eq!(
        morphemes(&words.analyser(), "살펴봤지만"),
        "_살펴보/VV 았/EP 지만/EC"
    );
}

#[test]
fn leaves_compound_nouns_whole_and_returns_their_parts() {
    let words = Words::new()
        .with_feature(
            "주차장",
            0,
            "NNG,장소,T,주차장,Compound,*,*,주차/NNG/행위+장/NNG/*",
        )
        .with_feature("고춧값", 0, "NNG,*,T,고춧값,Compound,*,*,고추/NNG/*+값/NNG/*")
        .with_feature(
            "한강",
            0,
            "NNP,지명,T,한강,Preanalysis,NNP,NNG,한/NNP/지명+강/NNG/*",
        );
    let expected = "_주차장/NNG(주차/NNG+장/NNG) _고춧값/NNG(고추/NNG+값/NNG) 한강/NNP(한/NNP+강/NNG)";
    assert_eq!(morphemes(&words.analyser(), "주차장 고춧값한강"), expected);
}

#[test]
fn marks_known_words() {
    let analyser = Words::new().with("집", "NNG", 0).analyser();
    let mut worker = analyser.worker();
    let known: Vec<_> = worker.tokens("집 123").map(|token| token.known).collect();
    assert_eq!(known, [true, false]);
    let known: Vec<_> = worker
        .morphemes("집 123")
        .map(|morpheme| morpheme.known)
        .collect();
    assert_eq!(known, [true, false]);
}

#[test]
fn an_abandoned_text_leaves_no_trace_in_the_next() {
    let analyser = Words::new().with("집", "NNG", 0).with("강", "NNG", 0).analyser();
    let mut worker = analyser.worker();
    assert_eq!(worker.tokens("집 집 집").next().unwrap().surface, "집");
    let rest: Vec<_> = worker.tokens("강").map(|token| token.surface).collect();
    assert_eq!(rest, ["강"]);
}

#[test]
fn tokens_outlive_the_iterator_and_the_worker() {
    let analyser = Words::new().with("집", "NNG", 0).analyser();
    let text = "집 집".to_owned();
    let tokens: Vec<_> = analyser.worker().tokens(&text).collect();
    assert_eq!(tokens.len(), 2);
}

#[test]
fn a_warm_worker_allocates_nothing() {
    let words = Words::new().with("집", "NNG", 0);
    let words = words.with_feature("살펴봤", 0, "VV+EP,*,T,살펴봤,Inflect,VV,EP,살펴보/VV/*+았/EP/*");
    let analyser = words
        .with_feature("고춧값", 0, "NNG,*,T,고춧값,Compound,*,*,고추/NNG/*+값/NNG/*")
        .analyser();
    let mut worker = analyser.worker();
    let text = "집 살펴봤 고춧값 123 뷁뷁".repeat(20);
    let mut read = || {
        worker.tokens(&text).for_each(drop);
        let morphemes = worker.morphemes(&text);
        morphemes.map(|morpheme| morpheme.parts().count()).sum::<usize>()
    };
    assert!(most_bytes(&mut read) > 0);
    assert_eq!(most_bytes(&mut read), 0);
}

#[test]
fn threads_share_an_analyser() {
    let analyser = Words::new().with("집", "NNG", 0).analyser();
    std::thread::scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(|| tokens(&analyser, "집 집")));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), "집/NNG 집/NNG");
        }
    });
    assert_eq!(
        format!("{analyser:?}"),
        format!("Analyser({:?})", analyser.version())
    );
}
