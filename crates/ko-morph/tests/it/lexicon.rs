use std::fmt::Write;

use ko_morph::build::{CharacterRule, Lexicon, LexiconWord, Weights, image, learned_image};
use ko_morph::{Analyser, Dictionary, Tag, UserDictionary};

/// A dictionary of a handful of words. Ids and numbers of parts of speech are those of the tag, and each
/// connection costs 0 where nothing else is said.
pub struct Words {
    lexicon: Lexicon,
}

const IDS: u16 = 64;
const DEFAULT: u8 = 0;
const SPACE: u8 = 1;
const DIGIT: u8 = 2;
const LETTER: u8 = 3;
const HANGUL: u8 = 4;

impl Words {
    pub fn new() -> Self {
        let mut characters = vec![rule(DEFAULT, false, true, 0); 0x1_0000];
        for character in "\t\n\r ".chars() {
            characters[character as usize] = rule(SPACE, false, true, 0);
        }
        characters['0' as usize..='9' as usize].fill(rule(DIGIT, true, true, 0));
        characters['a' as usize..='z' as usize].fill(rule(LETTER, true, true, 0));
        characters['가' as usize..='힣' as usize].fill(rule(HANGUL, false, true, 2));
        characters['ㄱ' as usize..='ㆎ' as usize].fill(rule(HANGUL, false, true, 2));

        let unknown = [
            (DEFAULT, "SY"),
            (SPACE, "SP"),
            (DIGIT, "SN"),
            (LETTER, "SL"),
            (HANGUL, "UNKNOWN"),
        ];
        let unknown = unknown.map(|(category, tag)| (category, vec![word("", tag, 5000)]));
        let lexicon = Lexicon {
            name: "test 1".to_owned(),
            words: Vec::new(),
            unknown: unknown.into_iter().collect(),
            characters,
            left_ids: IDS,
            right_ids: IDS,
            connections: vec![0; usize::from(IDS * IDS)],
            penalties: Vec::new(),
        };
        Self { lexicon }
    }

    pub fn with(self, surface: &str, tag: &str, cost: i16) -> Self {
        self.with_feature(surface, cost, &format!("{tag},*,*,{surface},*,*,*,*"))
    }

    pub fn with_feature(mut self, surface: &str, cost: i16, feature: &str) -> Self {
        let tag = feature.split([',', '+']).next().unwrap_or_default();
        self.lexicon.words.push(LexiconWord {
            feature: feature.to_owned(),
            ..word(surface, tag, cost)
        });
        self
    }

    pub fn connection(mut self, before: &str, after: &str, cost: i16) -> Self {
        self.lexicon.connections[usize::from(id(after) * IDS + id(before))] = cost;
        self
    }

    pub fn penalty(mut self, tag: &str, cost: i16) -> Self {
        self.lexicon.penalties.push((id(tag), cost));
        self
    }

    pub fn image(&self) -> Vec<u8> {
        image(&self.lexicon).expect("the lexicon is valid")
    }

    /// With unknown nouns, and no cost changed.
    pub fn learned_image(&self) -> Vec<u8> {
        let weights = Weights::none(&self.lexicon).expect("the lexicon is valid");
        learned_image(&self.lexicon, &weights).expect("the weights are for it")
    }

    pub fn analyser(&self) -> Analyser {
        self.analyser_with(UserDictionary::empty())
    }

    pub fn analyser_with(&self, user: UserDictionary) -> Analyser {
        Analyser::new(
            Dictionary::from_bytes(&self.image()).expect("the image is valid"),
            user,
        )
    }
}

fn rule(category: u8, invoke: bool, group: bool, length: u8) -> CharacterRule {
    CharacterRule {
        kinds: 1 << category,
        category,
        invoke,
        group,
        length,
    }
}

fn word(surface: &str, tag: &str, cost: i16) -> LexiconWord {
    let feature = format!("{tag},*,*,*,*,*,*,*");
    LexiconWord {
        surface: surface.to_owned(),
        left: id(tag),
        right: id(tag),
        posid: id(tag),
        cost,
        feature,
    }
}

/// The ids of a tag: 0 is the sentence's.
fn id(tag: &str) -> u16 {
    tag.parse::<Tag>().expect("a tag") as u16 + 1
}

/// The tokens as `surface/tag`.
pub fn tokens(analyser: &Analyser, text: &str) -> String {
    let mut line = String::new();
    for token in analyser.worker().tokens(text) {
        write!(line, " {}/{}", token.surface, token.tag).unwrap();
    }
    line.trim_start().to_owned()
}

/// The morphemes as `surface/tag`, with `_` before those that start an eojeol, and the parts of compounds.
pub fn morphemes(analyser: &Analyser, text: &str) -> String {
    let mut line = String::new();
    for morpheme in analyser.worker().morphemes(text) {
        let start = if morpheme.word_start { "_" } else { "" };
        write!(line, " {start}{}/{}", morpheme.surface, morpheme.tag).unwrap();
        let parts: Vec<_> = morpheme
            .parts()
            .map(|(surface, tag)| format!("{surface}/{tag}"))
            .collect();
        if !parts.is_empty() {
            write!(line, "({})", parts.join("+")).unwrap();
        }
    }
    line.trim_start().to_owned()
}
