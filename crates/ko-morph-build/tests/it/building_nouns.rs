//! Nouns of buildings with particles and endings, found by the learned costs alone, without a user dictionary.

use ko_morph::{Tag, Worker};

use crate::mecab_ko_dic::{analyser_with, learned_analyser};

/// Each noun of `gold/building-nouns.txt` in ten sentences. The first form of a particle follows a final consonant.
const SENTENCES: [([&str; 2], &str); 10] = [
    (["이", "가"], "이상해요"),
    (["은", "는"], "어떻게 하나요"),
    (["을", "를"], "확인해 주세요"),
    (["도", "도"], "봐 주세요"),
    (["만", "만"], "그래요"),
    (["에", "에"], "문제가 있어요"),
    (["에서", "에서"], "냄새가 나요"),
    (["으로", "로"], "바꿔 주세요"),
    (["까지", "까지"], "고장이에요"),
    (["인데요", "인데요"], "언제 되나요"),
];

const NOUNS: &str = include_str!("../../gold/building-nouns.txt");

/// Compounds that neither mecab-ko-dic nor the texts of residents have.
const UNSEEN: &str = include_str!("../../gold/unseen-compounds.txt");

fn sentences(nouns: &'static str) -> impl Iterator<Item = (&'static str, String)> {
    nouns.split_whitespace().flat_map(|noun| {
        SENTENCES.map(|(particles, rest)| {
            let last = noun
                .chars()
                .next_back()
                .map_or(0, |last| (last as u32 - '가' as u32) % 28);
            // 로 follows ㄹ (8) as it follows a vowel.
            let is_open = last == 0 || last == 8 && particles[0] == "으로";
            (noun, format!("{noun}{} {rest}", particles[usize::from(is_open)]))
        })
    })
}

/// Reports whether the sentence begins with nouns and affixes that together are the noun, as statistics join them.
fn finds(worker: &mut Worker<'_>, sentence: &str, noun: &str) -> bool {
    let mut found = String::new();
    for morpheme in worker.morphemes(sentence) {
        let joins = matches!(morpheme.tag, Tag::NNG | Tag::NNP | Tag::XPN | Tag::XSN);
        if !joins || !noun[found.len()..].starts_with(morpheme.surface) {
            break;
        }
        found += morpheme.surface;
    }
    found == noun
}

fn lost(analyser: &ko_morph::Analyser, nouns: &'static str) -> Vec<String> {
    let mut worker = analyser.worker();
    sentences(nouns)
        .filter(|(noun, sentence)| !finds(&mut worker, sentence, noun))
        .map(|(_, sentence)| sentence)
        .collect()
}

#[test]
fn finds_the_nouns_of_buildings_in_ten_forms() {
    assert_eq!(sentences(NOUNS).count(), 1400);
    let (plain, learned) = (lost(&analyser_with(""), NOUNS), lost(&learned_analyser(), NOUNS));
    assert!(plain.len() > 100, "{}", plain.len());
    assert!(learned.is_empty(), "{learned:?}");
}

#[test]
fn finds_compounds_that_it_has_not_learned() {
    assert_eq!(sentences(UNSEEN).count(), 320);
    let learned_texts = concat!(
        include_str!("../../train/residents/sentences.txt"),
        include_str!("../../train/residents/compounds.txt")
    );
    let seen: Vec<_> = UNSEEN
        .split_whitespace()
        .filter(|noun| learned_texts.contains(noun))
        .collect();
    assert!(seen.is_empty(), "{seen:?}");
    let (plain, learned) = (
        lost(&analyser_with(""), UNSEEN),
        lost(&learned_analyser(), UNSEEN),
    );
    assert!(
        learned.len() <= MOST_UNSEEN_LOST,
        "{} lost: {learned:?}",
        learned.len()
    );
    assert!(learned.len() * 2 < plain.len(), "{}", plain.len());
}

/// Number of forms of unseen compounds that the learned costs lose, as measured.
const MOST_UNSEEN_LOST: usize = 52;

#[track_caller]
fn check(text: &str, expected: &str) {
    let analyser = learned_analyser();
    let mut worker = analyser.worker();
    let found = worker
        .morphemes(text)
        .map(|it| format!("{}/{}", it.surface, it.tag));
    assert_eq!(found.collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn phrases_that_look_like_nouns_of_buildings_stay_phrases() {
    check("그럴 수도 있다", "그렇/VA ᆯ/ETM 수/NNB 도/JX 있/VA 다/EF");
    check(
        "안 온 수도 있어요",
        "안/MAG 오/VV ᆫ/ETM 수/NNB 도/JX 있/VA 어요/EF",
    );
    check("갈 수가 없어요", "가/VV ᆯ/ETM 수/NNB 가/JKS 없/VA 어요/EF");
}

#[test]
fn finds_words_that_the_reviews_alone_had_unlearned() {
    check("온수가 안 나와요", "온수/NNG 가/JKS 안/MAG 나오/VV 아요/EF");
    check("온수는 나오나요", "온수/NNG 는/JX 나오/VV 나요/EF");
    check("물새요", "물/NNG 새/VV 어요/EF");
    check("비가 새요", "비/NNG 가/JKS 새/VV 어요/EF");
    check("고장나서 못 써요", "고장/NNG 나/VV 아서/EC 못/MAG 쓰/VV 어요/EF");
    check("막힘", "막히/VV ᆷ/ETN");
    check("주차장ㅠㅠ차단기요", "주차장/NNG ㅠㅠ/UNKNOWN 차단기/NNG 요/JX");
}
