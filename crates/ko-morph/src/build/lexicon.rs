use std::collections::BTreeMap;

/// Everything an image is made of.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// Name and version of the dictionary.
    pub name: String,
    /// The words; homographs in the order that decides ties.
    pub words: Vec<LexiconWord>,
    /// The words that stand for unknown ones, by the number of a category of characters.
    pub unknown: BTreeMap<u8, Vec<LexiconWord>>,
    /// One rule for each of the 65,536 characters of the basic multilingual plane.
    pub characters: Vec<CharacterRule>,
    /// Number of left ids: rows of `connections`.
    pub left_ids: u16,
    /// Number of right ids: columns of `connections`.
    pub right_ids: u16,
    /// What it costs that a word with the left id (row) follows one with the right id (column).
    /// Sentences start and end with the ids 0.
    pub connections: Vec<i16>,
    /// What words of a part of speech, by its number, cost more after a space.
    pub penalties: Vec<(u16, i16)>,
}

/// A word as MeCab has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LexiconWord {
    /// Its text.
    pub surface: String,
    /// Its context for the word before it.
    pub left: u16,
    /// Its context for the word after it.
    pub right: u16,
    /// The number of its part of speech.
    pub posid: u16,
    /// The lower, the likelier.
    pub cost: i16,
    /// Eight columns: tag, meaning, final consonant (`T`, `F`, `*`), reading, kind, first tag, last tag,
    /// expression.
    pub feature: String,
}

/// How unknown words that start with a character are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CharacterRule {
    /// The categories that the character is of, one bit each.
    pub kinds: u32,
    /// The category whose unknown words it starts.
    pub category: u8,
    /// Unknown words even where the dictionary knows one.
    pub invoke: bool,
    /// A candidate of the whole run of such characters.
    pub group: bool,
    /// Candidates of 1 to this many characters.
    pub length: u8,
}
