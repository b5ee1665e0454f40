use std::fmt::Write;

use ko_morph::{Analyser, Dictionary, Tag, UserDictionary};
use ko_morph_build::{CharacterRule, Lexicon, LexiconWord, Weights, image, learned_image};

/// A builder of small dictionaries. A tag decides the ids and the part of speech of a word, and a connection costs 0
/// by default.
pub(crate) struct Words {
    lexicon: Lexicon,
}

const IDS: u16 = 64;
const DEFAULT: u8 = 0;
const SPACE: u8 = 1;
const DIGIT: u8 = 2;
const LETTER: u8 = 3;
const HANGUL: u8 = 4;

impl Words {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn with(self, surface: &str, tag: &str, cost: i16) -> Self {
        self.with_feature(surface, cost, &format!("{tag},*,*,{surface},*,*,*,*"))
    }

    pub(crate) fn with_feature(mut self, surface: &str, cost: i16, feature: &str) -> Self {
        let tag = feature.split([',', '+']).next().unwrap_or_default();
        self.lexicon.words.push(LexiconWord {
            feature: feature.to_owned(),
            ..word(surface, tag, cost)
        });
        self
    }

    pub(crate) fn connection(mut self, before: &str, after: &str, cost: i16) -> Self {
        self.lexicon.connections[usize::from(id(after) * IDS + id(before))] = cost;
        self
    }

    pub(crate) fn penalty(mut self, tag: &str, cost: i16) -> Self {
        self.lexicon.penalties.push((id(tag), cost));
        self
    }

    /// Makes one category of all characters but the space: it always adds unknown words of up to three characters and a
    /// group.
    pub(crate) fn invoke_everything(mut self) -> Self {
        for (number, character) in self.lexicon.characters.iter_mut().enumerate() {
            if number != usize::from(b' ') {
                *character = rule(HANGUL, true, true, 3);
            }
        }
        self
    }

    pub(crate) fn image(&self) -> Vec<u8> {
        image(&self.lexicon).expect("the lexicon is valid")
    }

    /// Returns an image with unknown nouns and unchanged costs.
    pub(crate) fn learned_image(&self) -> Vec<u8> {
        let weights = Weights::none(&self.lexicon).expect("the lexicon is valid");
        learned_image(&self.lexicon, &weights).expect("the weights are for it")
    }

    pub(crate) fn analyser(&self) -> Analyser {
        self.analyser_with(UserDictionary::empty())
    }

    pub(crate) fn analyser_with(&self, user: UserDictionary) -> Analyser {
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

/// Returns the left and right id of a tag. Id 0 is the sentence.
fn id(tag: &str) -> u16 {
    tag.parse::<Tag>().expect("a tag") as u16 + 1
}

/// Formats the tokens of a text as `surface/tag`.
pub(crate) fn tokens(analyser: &Analyser, text: &str) -> String {
    let mut line = String::new();
    for token in analyser.worker().tokens(text) {
        write!(line, " {}/{}", token.surface, token.tag).unwrap();
    }
    line.trim_start().to_owned()
}

/// Formats the morphemes of a text as `surface/tag`, with `_` before those that start an eojeol and with the parts of
/// compounds.
pub(crate) fn morphemes(analyser: &Analyser, text: &str) -> String {
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
