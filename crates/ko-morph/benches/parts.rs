//! The parts of an analysis by themselves: `cargo bench -p ko-morph`, after `make dictionary`.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ko_morph::{Analyser, Dictionary, UserDictionary, normalise};

const IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dictionary/ko.image");

/// What tenants write, one thing a line.
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

fn analyser(user: &str) -> Analyser {
    let dictionary =
        Dictionary::open(Path::new(IMAGE)).unwrap_or_else(|error| panic!("{error}: run `make dictionary`"));
    Analyser::new(
        dictionary,
        UserDictionary::parse(user).expect("the words are valid"),
    )
}

fn parts(criterion: &mut Criterion) {
    criterion.bench_function("open, and the first sentence", |bencher| {
        let line = TEXTS.lines().next().unwrap_or_default();
        bencher.iter(|| analyser("").worker().tokens(black_box(line)).count());
    });

    let mut group = criterion.benchmark_group("texts");
    group.throughput(Throughput::Bytes(TEXTS.len() as u64));
    group.bench_function("normalise", |bencher| {
        bencher.iter(|| normalise(black_box(TEXTS)).len())
    });

    let plain = analyser("");
    let mut worker = plain.worker();
    group.bench_function("tokens", |bencher| {
        bencher.iter(|| worker.tokens(black_box(TEXTS)).count())
    });
    group.bench_function("morphemes", |bencher| {
        bencher.iter(|| worker.morphemes(black_box(TEXTS)).count())
    });

    // Two thousand words, none of them in the texts but many with their first syllables.
    let starts: Vec<char> = TEXTS
        .chars()
        .filter(|character| ('가'..='힣').contains(character))
        .collect();
    let word = |number: usize| format!("{}똠{number},NNG\n", starts[number % starts.len()]);
    let user: String = (0..2000).map(word).collect();
    let with_words = analyser(&user);
    let mut worker = with_words.worker();
    group.bench_function("tokens, with 2,000 words of the user's", |bencher| {
        bencher.iter(|| worker.tokens(black_box(TEXTS)).count());
    });

    let digits = "1".repeat(TEXTS.len());
    let mut worker = plain.worker();
    group.bench_function("tokens, a run of digits", |bencher| {
        bencher.iter(|| worker.tokens(black_box(&digits)).count());
    });
    group.finish();
}

criterion_group!(benches, parts);
criterion_main!(benches);
