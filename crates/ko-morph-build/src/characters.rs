use std::collections::BTreeMap;

use ko_morph::image::layout::{Category, pack_character};

use crate::entries::Entries;
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
            let rule = if character.is_some_and(char::is_control) {
                space
            } else {
                rule
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
    for character in lexicon.words.iter().flat_map(|word| word.surface.chars()) {
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
