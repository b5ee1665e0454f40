use std::collections::{BTreeMap, HashMap};

use ko_morph::Tag;
use ko_morph::image::layout::{
    ALIGNMENT, CHECKSUM_SEED, Entry, FORMAT, HEADER, HOMOGRAPH_BITS, MAGIC, NOUN_LENGTHS, Parameters,
    Penalty, SECTION_TABLE, Section, TEMPLATES, Unit, template,
};
use xxhash_rust::xxh64::{Xxh64, xxh64};

use crate::characters::{Characters, codes, spelling};
use crate::connections::Connections;
use crate::entries::{Entries, Homographs};
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
    Ok(Content::new(lexicon, Costs::Own)?.to_bytes())
}

/// Builds the image of a lexicon with learned costs and unknown nouns.
///
/// # Errors
/// [`BuildError::Word`], and [`BuildError::Lexicon`] also for weights that were learned for another lexicon.
pub fn learned_image(lexicon: &Lexicon, weights: &Weights) -> Result<Vec<u8>, BuildError> {
    let mut content = Content::with_unknown_nouns(lexicon)?;
    content.fold(weights)?;
    content.drop_losers();
    Ok(content.to_bytes())
}

/// A choice of the costs that an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Costs {
    /// The lexicon's own costs: the image analyses as MeCab does.
    Own,
    /// Learned costs: characters and homographs are prepared for learning.
    Learned,
}

/// The content of an image, before it becomes bytes.
pub(crate) struct Content<'a> {
    pub(crate) name: String,
    pub(crate) parameters: Parameters,
    pub(crate) entries: Entries<'a>,
    pub(crate) connections: Connections,
    pub(crate) penalties: Vec<Penalty>,
    pub(crate) templates: Vec<Entry>,
    characters: Characters,
    /// Words of the dictionary, in the order of their entries.
    words: Vec<Homographs>,
}

impl<'a> Content<'a> {
    fn new(lexicon: &'a Lexicon, costs: Costs) -> Result<Self, BuildError> {
        let connections = Connections::new(lexicon)?;
        let codes = codes(lexicon);
        let mut entries = Entries::new(costs, connections.ids.clone(), &lexicon.penalties);
        let words = add_words(lexicon, &codes, &mut entries)?;
        let known_entries = entries.len();
        let characters = Characters::new(lexicon, costs, &codes, &mut entries)?;
        let sentence = connections.ids.of(0, 0);
        let sentence = sentence.ok_or(BuildError::Lexicon("it has no connections"))?;
        let parameters = Parameters {
            known_entries,
            left_ids: connections.left_ids,
            right_ids: connections.right_ids,
            sentence_left: sentence[0],
            sentence_right: sentence[1],
            unknown_nouns: 0,
        };
        Ok(Self {
            name: lexicon.name.clone(),
            parameters,
            penalties: entries.penalty_costs(),
            templates: templates(lexicon, &connections, &entries, sentence),
            entries,
            connections,
            characters,
            words,
        })
    }

    /// Returns the content over which weights are learned: unknown nouns have their initial costs.
    pub(crate) fn with_unknown_nouns(lexicon: &'a Lexicon) -> Result<Self, BuildError> {
        let mut content = Self::new(lexicon, Costs::Learned)?;
        content.parameters.unknown_nouns = content.entries.len();
        for (_, cost) in NOUN_LENGTHS.zip(UNKNOWN_NOUN_COSTS) {
            for final_consonant in [false, true] {
                let Entry { left, right, .. } = content.templates[template(Tag::NNP, final_consonant)];
                content.entries.add_unknown_noun([left, right], cost)?;
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

    /// Drops words that cannot win with the costs that they have now.
    fn drop_losers(&mut self) {
        let dropped = self.entries.drop_losers(&mut self.words);
        self.parameters.known_entries -= dropped;
        self.parameters.unknown_nouns -= dropped;
        for category in &mut self.characters.categories {
            category.first_entry -= dropped;
        }
    }

    /// Returns the trie of the surfaces.
    fn units(&self) -> Vec<Unit> {
        let leaf = |word: &Homographs| (word.spelling.clone(), word.first << HOMOGRAPH_BITS | word.count);
        let mut spelled: Vec<_> = self.words.iter().map(leaf).collect();
        spelled.sort_unstable();
        units(&spelled)
    }

    /// Writes the image as [`layout`](ko_morph::image::layout) describes it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut image = vec![0; HEADER.next_multiple_of(ALIGNMENT)];
        let mut table = Vec::new();
        let units = self.units();
        for section in Section::ALL {
            let content = self.section(section, &units);
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

    fn section<'s>(&'s self, section: Section, units: &'s [Unit]) -> &'s [u8] {
        match section {
            Section::Name => self.name.as_bytes(),
            Section::Parameters => bytemuck::bytes_of(&self.parameters),
            Section::Characters => bytemuck::cast_slice(&self.characters.numbers),
            Section::Categories => bytemuck::cast_slice(&self.characters.categories),
            Section::Trie => bytemuck::cast_slice(units),
            Section::Entries => bytemuck::cast_slice(&self.entries.entries),
            Section::Analyses => bytemuck::cast_slice(&self.entries.analyses),
            Section::Pool => &self.entries.pool,
            Section::Connections => bytemuck::cast_slice(&self.connections.costs),
            Section::Penalties => bytemuck::cast_slice(&self.penalties),
            Section::Templates => bytemuck::cast_slice(&self.templates),
        }
    }
}

/// Adds the words of the dictionary to the entries and returns their surfaces.
fn add_words(
    lexicon: &Lexicon,
    codes: &BTreeMap<char, u16>,
    entries: &mut Entries<'_>,
) -> Result<Vec<Homographs>, BuildError> {
    let mut surfaces: BTreeMap<&str, Vec<&LexiconWord>> = BTreeMap::new();
    for word in &lexicon.words {
        if let Some(surface) = word.surface() {
            surfaces.entry(surface).or_default().push(word);
        }
    }
    let mut words = Vec::with_capacity(surfaces.len());
    for (surface, homographs) in surfaces {
        let (first, count) = entries.add(&homographs)?;
        words.push(Homographs {
            spelling: spelling(surface, codes)?,
            first,
            count,
        });
    }
    // A leaf of the trie has 31 bits for the number of an entry and the homographs.
    if entries.len() >= 1 << (31 - HOMOGRAPH_BITS) {
        return Err(BuildError::Lexicon("it has more than 16 million words"));
    }
    Ok(words)
}

/// Returns the templates of a user's words, indexed by [`template`]: the ids that most simple words with the tag and kind
/// of ending have. A tag without such words takes the ids of common nouns.
fn templates(
    lexicon: &Lexicon,
    connections: &Connections,
    entries: &Entries<'_>,
    sentence: [u16; 2],
) -> Vec<Entry> {
    let mut counts: Vec<HashMap<(u16, u16, u16), u32>> = vec![HashMap::new(); TEMPLATES];
    for word in &lexicon.words {
        let Ok(feature) = Feature::parse(&word.feature) else {
            continue;
        };
        let Ok(tag) = feature.label.parse::<Tag>() else {
            continue;
        };
        if feature.kind == "*" && feature.meaning == "*" && (feature.final_consonant != "*" || !tag.is_noun())
        {
            let template = template(tag, feature.final_consonant == "T");
            *counts[template]
                .entry((word.left, word.right, word.posid))
                .or_default() += 1;
        }
    }
    let most = |template: usize| {
        let counts = counts[template].iter();
        let most = counts.max_by_key(|&(contexts, count)| (count, std::cmp::Reverse(contexts)));
        let (&(left, right, posid), _) = most?;
        Some((connections.ids.of(left, right)?, entries.penalty(posid)))
    };
    let entry = |&tag: &Tag, final_consonant| {
        let contexts = most(template(tag, final_consonant)).or_else(|| most(template(tag, !final_consonant)));
        let contexts = contexts.or_else(|| most(template(Tag::NNG, final_consonant)));
        let ([left, right], penalty) = contexts.unwrap_or((sentence, 0));
        Entry {
            left,
            right,
            cost: 0,
            penalty,
        }
    };
    Tag::ALL
        .iter()
        .flat_map(|tag| [false, true].map(|final_consonant| entry(tag, final_consonant)))
        .collect()
}
