use std::collections::BTreeMap;

use crate::feature::Feature;

/// A dictionary in memory: the content of an image.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// Name and version of the dictionary.
    pub name: String,
    /// Words of the dictionary. The order of homographs decides between equal costs.
    pub words: Vec<LexiconWord>,
    /// Words that stand for unknown ones, by category of characters.
    pub unknown: BTreeMap<u8, Vec<LexiconWord>>,
    /// Rules of the 65,536 characters of the basic multilingual plane, indexed by character.
    pub characters: Vec<CharacterRule>,
    /// Number of left ids: rows of `connections`.
    pub left_ids: u16,
    /// Number of right ids: columns of `connections`.
    pub right_ids: u16,
    /// Cost of each connection from a word with the right id (column) to a following word with the left id (row).
    /// Sentences start and end with id 0.
    pub connections: Vec<i16>,
    /// Costs that are added after a space, each with the number of the part of speech that it applies to.
    pub penalties: Vec<(u16, i16)>,
}

/// A word as MeCab has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LexiconWord {
    /// Text of the word.
    pub surface: String,
    /// Context id towards the preceding word.
    pub left: u16,
    /// Context id towards the following word.
    pub right: u16,
    /// Number of the part of speech.
    pub posid: u16,
    /// Cost of the word: the lower, the likelier.
    pub cost: i16,
    /// Eight columns of mecab-ko-dic, separated by commas: tag, meaning, final consonant (`T`, `F`, `*`),
    /// reading, kind, first tag, last tag, expression.
    pub feature: String,
}

/// Behaviour of unknown words that start with a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CharacterRule {
    /// Categories of the character, one bit each.
    pub kinds: u32,
    /// Category that supplies the unknown words.
    pub category: u8,
    /// True to add unknown words even where the dictionary has a word.
    pub invoke: bool,
    /// True to add an unknown word that covers the whole run of such characters.
    pub group: bool,
    /// Longest unknown word in characters, apart from groups.
    pub length: u8,
}

impl LexiconWord {
    /// Returns the surface without the space at its end, which four words of mecab-ko-dic have. Returns `None` for a
    /// word with a space inside, which no token may have.
    pub(crate) fn surface(&self) -> Option<&str> {
        let surface = self.surface.trim_end_matches(' ');
        (!surface.contains(' ')).then_some(surface)
    }

    /// Reports whether both words have the same tag and the same morphemes.
    pub(crate) fn has_analysis_of(&self, other: &LexiconWord) -> bool {
        let analysis =
            |word: &LexiconWord| Feature::parse(&word.feature).and_then(|it| it.analysis(&word.surface));
        self.feature == other.feature || analysis(self) == analysis(other)
    }
}
