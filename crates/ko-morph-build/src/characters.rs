use std::collections::BTreeMap;

use ko_morph::image::layout::{Category, pack_character};

use crate::entries::Entries;
use crate::image::Costs;
use crate::{BuildError, CharacterRule, Lexicon};

/// The sections of characters and categories.
pub(crate) struct Characters {
    /// Packed code and category of each character.
    pub(crate) numbers: Vec<u32>,
    pub(crate) categories: Vec<Category>,
}

impl Characters {
    /// Builds the sections and appends the unknown words to the entries.
    pub(crate) fn new(
        lexicon: &Lexicon,
        costs: Costs,
        codes: &BTreeMap<char, u16>,
        entries: &mut Entries<'_>,
    ) -> Result<Self, BuildError> {
        if lexicon.characters.len() != 0x1_0000 {
            return Err(BuildError::Lexicon("it does not have 65,536 rules of characters"));
        }
        let space = lexicon.characters[usize::from(b' ')];
        let mut numbers = Vec::with_capacity(lexicon.characters.len());
        let mut categories = Vec::new();
        let mut places = BTreeMap::new();
        for (number, &rule) in (0_u32..).zip(&lexicon.characters) {
            let character = char::from_u32(number);
            // MeCab stops at a NUL and takes other control characters for symbols. Here they are spaces.
            let rule = match character {
                Some(character) if character.is_control() => space,
                // mecab-ko-dic has syllables and jamo in one category, so that ㅠㅠ swallows the syllables after it.
                Some(character) if costs == Costs::Learned && is_jamo(character) => {
                    CharacterRule { kinds: JAMO, ..rule }
                }
                _ => rule,
            };
            let place = match places.get(&rule) {
                Some(&place) => place,
                None => {
                    let place = categories.len() as u16;
                    categories.push(category(rule, rule.kinds & space.kinds != 0, lexicon, entries)?);
                    places.insert(rule, place);
                    place
                }
            };
            let code = character.and_then(|character| codes.get(&character));
            numbers.push(pack_character(code.copied().unwrap_or(0), place));
        }
        Ok(Self { numbers, categories })
    }
}

/// Kind of jamo in an image with learned costs. MeCab has no more than 18 categories.
const JAMO: u32 = 1 << 18;

fn is_jamo(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}')
}

fn category(
    rule: CharacterRule,
    space: bool,
    lexicon: &Lexicon,
    entries: &mut Entries<'_>,
) -> Result<Category, BuildError> {
    let flags = [
        (rule.invoke, Category::INVOKE),
        (rule.group, Category::GROUP),
        (space, Category::SPACE),
    ];
    let words = lexicon
        .unknown
        .get(&rule.category)
        .filter(|words| !words.is_empty());
    let words = words.ok_or(BuildError::Lexicon(
        "a category of characters has no unknown words",
    ))?;
    let (first_entry, count) = entries.add(&words.iter().collect::<Vec<_>>())?;
    Ok(Category {
        kinds: rule.kinds,
        flags: flags
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, flag)| flag)
            .sum(),
        length: u16::from(rule.length),
        first_entry,
        entries: count,
    })
}

/// Assigns a code to every character of a word. Frequent characters get small codes, which keeps the double array
/// dense.
pub(crate) fn codes(lexicon: &Lexicon) -> BTreeMap<char, u16> {
    let mut counts: BTreeMap<char, u32> = BTreeMap::new();
    let surfaces = lexicon.words.iter().filter_map(|word| word.surface());
    for character in surfaces.flat_map(str::chars) {
        *counts.entry(character).or_default() += 1;
    }
    let mut characters: Vec<_> = counts.into_iter().collect();
    characters.sort_by_key(|&(character, count)| (std::cmp::Reverse(count), character));
    characters
        .into_iter()
        .zip(1..=u16::MAX)
        .map(|((character, _), code)| (character, code))
        .collect()
}

/// Returns the codes of a word, with 0 at the end.
pub(crate) fn spelling(surface: &str, codes: &BTreeMap<char, u16>) -> Result<Vec<u16>, BuildError> {
    if surface.is_empty() {
        return Err(BuildError::word(surface, "it is empty"));
    }
    let code = |character| match codes.get(&character) {
        Some(&code) if character <= '\u{ffff}' => Ok(code),
        _ => Err(BuildError::word(
            surface,
            "it has a character outside the basic multilingual plane",
        )),
    };
    surface.chars().map(code).chain([Ok(0)]).collect()
}
