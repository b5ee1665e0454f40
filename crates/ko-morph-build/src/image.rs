use std::collections::{BTreeMap, HashMap};

use ko_morph::Tag;
use ko_morph::image::layout::{
    ALIGNMENT, CHECKSUM_SEED, FORMAT, HEADER, HOMOGRAPH_BITS, MAGIC, NOUN_LENGTHS, Parameters, Penalty,
    SECTION_TABLE, Section, Unit, template,
};
use xxhash_rust::xxh64::{Xxh64, xxh64};

use crate::characters::{Characters, codes, spelling};
use crate::connections::Connections;
use crate::entries::Entries;
use crate::feature::Feature;
use crate::trie::units;
use crate::{BuildError, Lexicon, LexiconWord, Weights};

/// Costs of unknown nouns of 2 to 5 syllables before learning: so high that they are considered and lose.
const UNKNOWN_NOUN_COSTS: [i16; 4] = [9000, 8000, 9000, 11_000];

/// Builds the image of a lexicon with the lexicon's own costs.
///
/// The same lexicon makes the same image, byte for byte.
///
/// # Errors
/// [`BuildError::Word`] and [`BuildError::Lexicon`].
pub fn image(lexicon: &Lexicon) -> Result<Vec<u8>, BuildError> {
    Ok(Content::new(lexicon)?.to_bytes())
}

/// Builds the image of a lexicon with learned costs and unknown nouns.
///
/// # Errors
/// [`BuildError::Word`], and [`BuildError::Lexicon`] also for weights that were learned for another lexicon.
pub fn learned_image(lexicon: &Lexicon, weights: &Weights) -> Result<Vec<u8>, BuildError> {
    let mut content = Content::with_unknown_nouns(lexicon)?;
    content.fold(weights)?;
    Ok(content.to_bytes())
}

/// The content of an image, before it becomes bytes.
pub(crate) struct Content<'a> {
    pub(crate) name: String,
    pub(crate) parameters: Parameters,
    pub(crate) entries: Entries<'a>,
    pub(crate) connections: Connections,
    pub(crate) penalties: Vec<Penalty>,
    characters: Characters,
    units: Vec<Unit>,
}

impl<'a> Content<'a> {
    fn new(lexicon: &'a Lexicon) -> Result<Self, BuildError> {
        let connections = Connections::new(lexicon)?;
        let codes = codes(lexicon);
        let mut entries = Entries::new(connections.ids.clone(), &lexicon.penalties);
        let units = add_words(lexicon, &codes, &mut entries)?;
        let known_entries = entries.len();
        let characters = Characters::new(lexicon, &codes, &mut entries)?;
        let sentence = connections.ids.of(0, 0);
        let sentence = sentence.ok_or(BuildError::Lexicon("it has no connections"))?;
        let parameters = Parameters {
            known_entries,
            left_ids: connections.left_ids,
            right_ids: connections.right_ids,
            sentence_left: sentence[0],
            sentence_right: sentence[1],
            templates: templates(lexicon, &connections, sentence),
            template_costs: [0; 4],
            template_penalties: [0; 4],
            unknown_nouns: 0,
        };
        Ok(Self {
            name: lexicon.name.clone(),
            parameters,
            penalties: entries.penalty_costs(),
            entries,
            connections,
            characters,
            units,
        })
    }

    /// Returns the content over which weights are learned: unknown nouns have their initial costs.
    pub(crate) fn with_unknown_nouns(lexicon: &'a Lexicon) -> Result<Self, BuildError> {
        let mut content = Self::new(lexicon)?;
        content.parameters.unknown_nouns = content.entries.len();
        for (_, cost) in NOUN_LENGTHS.zip(UNKNOWN_NOUN_COSTS) {
            for final_consonant in [false, true] {
                let ids = content.parameters.templates[template(Tag::NNP, final_consonant)];
                content.entries.add_unknown_noun(ids, cost)?;
            }
        }
        Ok(content)
    }

    /// Returns a hash that identifies the entries and connections for which weights are learned.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hash = Xxh64::new(0);
        hash.update(bytemuck::cast_slice(&self.entries.entries));
        hash.update(bytemuck::cast_slice(&self.connections.costs));
        hash.digest()
    }

    /// Writes the image as [`layout`](ko_morph::image::layout) describes it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut image = vec![0; HEADER.next_multiple_of(ALIGNMENT)];
        let mut table = Vec::new();
        for section in Section::ALL {
            let content = self.section(section);
            table.extend([image.len() as u64, content.len() as u64]);
            image.extend(content);
            image.resize(image.len().next_multiple_of(ALIGNMENT), 0);
        }

        let mut header = Vec::with_capacity(HEADER);
        header.extend(MAGIC);
        header.extend(FORMAT.to_le_bytes());
        header.extend((Section::COUNT as u32).to_le_bytes());
        header.extend((image.len() as u64).to_le_bytes());
        header.extend(xxh64(&image[HEADER..], CHECKSUM_SEED).to_le_bytes());
        debug_assert_eq!(header.len(), SECTION_TABLE);
        header.extend(table.into_iter().flat_map(u64::to_le_bytes));
        header.extend(xxh64(&header, CHECKSUM_SEED).to_le_bytes());
        image[..HEADER].copy_from_slice(&header);
        image
    }

    fn section(&self, section: Section) -> &[u8] {
        match section {
            Section::Name => self.name.as_bytes(),
            Section::Parameters => bytemuck::bytes_of(&self.parameters),
            Section::Characters => bytemuck::cast_slice(&self.characters.numbers),
            Section::Categories => bytemuck::cast_slice(&self.characters.categories),
            Section::Trie => bytemuck::cast_slice(&self.units),
            Section::Entries => bytemuck::cast_slice(&self.entries.entries),
            Section::Analyses => bytemuck::cast_slice(&self.entries.analyses),
            Section::Pool => &self.entries.pool,
            Section::Connections => bytemuck::cast_slice(&self.connections.costs),
            Section::Penalties => bytemuck::cast_slice(&self.penalties),
        }
    }
}

/// Adds the words of the dictionary to the entries and returns the trie of their surfaces.
fn add_words(
    lexicon: &Lexicon,
    codes: &BTreeMap<char, u16>,
    entries: &mut Entries<'_>,
) -> Result<Vec<Unit>, BuildError> {
    let mut surfaces: BTreeMap<&str, Vec<&LexiconWord>> = BTreeMap::new();
    for word in &lexicon.words {
        surfaces.entry(&word.surface).or_default().push(word);
    }
    let mut spelled = Vec::with_capacity(surfaces.len());
    for (surface, homographs) in surfaces {
        let (first, count) = entries.add(&homographs)?;
        spelled.push((spelling(surface, codes)?, first << HOMOGRAPH_BITS | count));
    }
    // A leaf of the trie has 31 bits for the number of an entry and the homographs.
    if entries.len() >= 1 << (31 - HOMOGRAPH_BITS) {
        return Err(BuildError::Lexicon("it has more than 16 million words"));
    }
    spelled.sort_unstable();
    Ok(units(&spelled))
}

/// Returns the ids of a user's word, indexed by [`template`]: those that most simple nouns of its kind have.
fn templates(lexicon: &Lexicon, connections: &Connections, otherwise: [u16; 2]) -> [[u16; 2]; 4] {
    let mut counts: [HashMap<(u16, u16), u32>; 4] = Default::default();
    for word in &lexicon.words {
        let Ok(feature) = Feature::parse(&word.feature) else {
            continue;
        };
        let tag = match feature.label {
            "NNG" => Tag::NNG,
            "NNP" => Tag::NNP,
            _ => continue,
        };
        if feature.kind == "*" && feature.meaning == "*" && feature.final_consonant != "*" {
            let template = template(tag, feature.final_consonant == "T");
            *counts[template].entry((word.left, word.right)).or_default() += 1;
        }
    }
    counts.map(|counts| {
        let most = counts
            .into_iter()
            .max_by_key(|&(ids, count)| (count, std::cmp::Reverse(ids)));
        most.and_then(|((left, right), _)| connections.ids.of(left, right))
            .unwrap_or(otherwise)
    })
}
