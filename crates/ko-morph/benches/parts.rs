//! Times of the parts of an analysis: `cargo bench -p ko-morph`, after `make dictionary`.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on should stop")]

use std::path::Path;

use divan::Bencher;
use divan::counter::BytesCount;
use ko_morph::{Analyser, Dictionary, UserDictionary, normalise};

const IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dictionary/ko.image");

/// Messages of residents, one on each line.
const TEXTS: &str = "\
지하주차장 차단기가 고장 나서 나갈 수가 없어요.
윗집 층간소음 때문에 잠을 못 자고 있습니다, 조치 부탁드려요!
엘리베이터에서 이상한 소리가 나는데 점검은 언제 하나요?
관리비 고지서에 공용전기료가 지난달보다 두 배 넘게 나왔네요
101동 1203호인데요 화장실 천장에서 물이 새요ㅠㅠ 빨리 좀 봐주세요
분리수거장 정리 좀 해주세요 냄새나고 벌레꼬여요
택배가 경비실에 없다는데 CCTV 확인 가능한가요
냉난방기 리모컨이 안돼서 건전지 갈았는데도 똑같아요
";

fn main() {
    divan::main();
}

fn analyser(user: &str) -> Analyser {
    let dictionary =
        Dictionary::open(Path::new(IMAGE)).unwrap_or_else(|error| panic!("{error}: run `make dictionary`"));
    Analyser::new(dictionary, UserDictionary::parse(user).unwrap())
}

#[divan::bench]
fn open_and_first_sentence(bencher: Bencher) {
    let line = TEXTS.lines().next().unwrap();
    bencher.bench(|| analyser("").worker().tokens(line).count());
}

#[divan::bench]
fn normalise_texts(bencher: Bencher) {
    bencher
        .counter(BytesCount::of_str(TEXTS))
        .bench(|| normalise(divan::black_box(TEXTS)).len());
}

#[divan::bench]
fn tokens(bencher: Bencher) {
    bench_tokens(bencher, &analyser(""), TEXTS);
}

#[divan::bench]
fn morphemes(bencher: Bencher) {
    let analyser = analyser("");
    let mut worker = analyser.worker();
    bencher
        .counter(BytesCount::of_str(TEXTS))
        .bench_local(|| worker.morphemes(TEXTS).count());
}

/// The user dictionary has 2,000 words that are not in the texts but share a first syllable with their words.
#[divan::bench]
fn tokens_with_user_dictionary(bencher: Bencher) {
    let starts: Vec<char> = TEXTS
        .chars()
        .filter(|character| ('가'..='힣').contains(character))
        .collect();
    let word = |number: usize| format!("{}똠{number},NNG\n", starts[number % starts.len()]);
    let user: String = (0..2000).map(word).collect();
    bench_tokens(bencher, &analyser(&user), TEXTS);
}

#[divan::bench]
fn tokens_of_a_run_of_digits(bencher: Bencher) {
    bench_tokens(bencher, &analyser(""), &"1".repeat(TEXTS.len()));
}

fn bench_tokens(bencher: Bencher, analyser: &Analyser, text: &str) {
    let mut worker = analyser.worker();
    bencher
        .counter(BytesCount::of_str(text))
        .bench_local(|| worker.tokens(text).count());
}
