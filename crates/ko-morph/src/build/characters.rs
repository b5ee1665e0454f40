use std::collections::BTreeMap;

use super::entries::{Entries, word_error};
use super::{BuildError, CharacterRule, Lexicon};
use crate::character;
use crate::image::Category;

/// What an image knows of characters.
pub(super) struct Characters {
    /// One packed number each, see [`crate::character`].
    pub numbers: Vec<u32>,
    pub categories: Vec<Category>,
}

impl Characters {
    /// Adds the words for unknown ones to the entries.
    pub fn new(
        lexicon: &Lexicon,
        codes: &BTreeMap<char, u16>,
        entries: &mut Entries<'_>,
    ) -> Result<Self, BuildError> {
        if lexicon.characters.len() != 0x1_0000 {
            return Err(BuildError::Lexicon(
                "it does not have a rule for each of 65,536 characters",
            ));
        }
        let space = lexicon.characters[usize::from(b' ')];
        let mut numbers = Vec::with_capacity(lexicon.characters.len());
        let mut categories = Vec::new();
        let mut places = BTreeMap::new();
        for (number, &rule) in (0_u32..).zip(&lexicon.characters) {
            let character = char::from_u32(number);
            // MeCab ends at a NUL and takes other control characters for symbols; here they separate.
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
            numbers.push(character::pack(code.copied().unwrap_or(0), place));
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

/// The codes of the characters that words are made of: the more often met, the smaller, so that the double
/// array stays dense.
pub(super) fn codes(lexicon: &Lexicon) -> BTreeMap<char, u16> {
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

/// The codes of a word, and 0 at its end.
pub(super) fn spelling(surface: &str, codes: &BTreeMap<char, u16>) -> Result<Vec<u16>, BuildError> {
    if surface.is_empty() {
        return Err(word_error(surface, "it is empty".to_owned()));
    }
    let code = |character| match codes.get(&character) {
        Some(&code) if character <= '\u{ffff}' => Ok(code),
        _ => Err(word_error(
            surface,
            "a character is not of the basic multilingual plane".to_owned(),
        )),
    };
    surface.chars().map(code).chain([Ok(0)]).collect()
}
