//! A small dictionary image with every feature of the format, including unknown nouns.

use std::sync::LazyLock;

use ko_morph::Dictionary;
use ko_morph_build::{CharacterRule, Lexicon, LexiconWord, Weights, learned_image};

/// Returns the dictionary, which is read once.
pub fn dictionary() -> Dictionary {
    // Aligned to 8 bytes.
    static IMAGE: LazyLock<&'static [u64]> = LazyLock::new(|| {
        let image = image();
        let mut numbers = vec![0_u64; image.len() / 8];
        bytemuck::cast_slice_mut(&mut numbers).copy_from_slice(&image);
        numbers.leak()
    });
    Dictionary::from_static(bytemuck::cast_slice(*IMAGE)).expect("the image is valid")
}

/// Builds the image.
pub fn image() -> Vec<u8> {
    let word = |surface: &str, id: u16, feature: &str| LexiconWord {
        surface: surface.to_owned(),
        left: id,
        right: id,
        posid: id,
        cost: 100,
        feature: feature.to_owned(),
    };
    let rule = |category: u8, invoke: bool, length: u8| CharacterRule {
        kinds: 1 << category,
        category,
        invoke,
        group: true,
        length,
    };
    let mut characters = vec![rule(0, false, 0); 0x1_0000];
    for space in "\t\n\r ".chars() {
        characters[space as usize] = rule(1, false, 0);
    }
    characters['0' as usize..='9' as usize].fill(rule(2, true, 0));
    characters['가' as usize..='힣' as usize].fill(rule(3, false, 2));
    characters['ㄱ' as usize..='ㆎ' as usize].fill(rule(3, true, 3));
    let unknown = |id: u16, tag: &str| vec![word("", id, &format!("{tag},*,*,*,*,*,*,*"))];
    let lexicon = Lexicon {
        name: "small".to_owned(),
        words: vec![
            word(
                "주차장",
                1,
                "NNG,장소,T,주차장,Compound,*,*,주차/NNG/행위+장/NNG/*",
            ),
            word("고춧값", 1, "NNG,*,T,고춧값,Compound,*,*,고추/NNG/*+값/NNG/*"),
            word("살펴봤", 2, "VV+EP,*,T,살펴봤,Inflect,VV,EP,살펴보/VV/*+았/EP/*"),
            word("주차", 1, "NNG,*,F,주차,*,*,*,*"),
            word("장", 1, "NNG,*,T,장,*,*,*,*"),
            word("에", 3, "JKB,*,F,에,*,*,*,*"),
            word("가", 1, "NNG,*,F,가,*,*,*,*"),
            word("가", 3, "JKS,*,F,가,*,*,*,*"),
            word("영치기 영차", 1, "IC,*,F,*,*,*,*,*"),
        ],
        unknown: [
            (0, unknown(1, "SY")),
            (1, unknown(0, "SP")),
            (2, unknown(1, "SN")),
            (3, unknown(2, "UNKNOWN")),
        ]
        .into_iter()
        .collect(),
        characters,
        left_ids: 4,
        right_ids: 4,
        connections: (0..16).map(|place| place * 37 % 11 - 5).collect(),
        penalties: vec![(3, 3000)],
    };
    let weights = Weights::none(&lexicon).expect("the lexicon is valid");
    learned_image(&lexicon, &weights).expect("the weights are for it")
}
