use std::collections::{BTreeMap, HashMap};

use super::characters::{Characters, codes, spelling};
use super::connections::Connections;
use super::entries::Entries;
use super::feature::Feature;
use super::weights::Weights;
use super::{BuildError, Lexicon, LexiconWord, trie};
use crate::image::{ALIGNMENT, FIXED_HEADER, FORMAT, Figures, HEADER, MAGIC, NOUN_LENGTHS, SEED, Section};
use crate::tag::Tag;
use crate::user_dictionary::template;
use xxhash_rust::xxh64::xxh64;

/// What unknown nouns cost for each length before anything is learned: dear, so that they are tried and lose.
const UNKNOWN_NOUN_COSTS: [i16; 4] = [9000, 8000, 9000, 11_000];

/// The image of a lexicon, with nothing learned.
pub fn image(lexicon: &Lexicon) -> Result<Vec<u8>, BuildError> {
    make(lexicon, false, None)
}

/// The image of a lexicon with costs that were learned for it: also knows nouns that no dictionary has.
///
/// Weights of another lexicon are refused.
pub fn learned_image(lexicon: &Lexicon, weights: &Weights) -> Result<Vec<u8>, BuildError> {
    make(lexicon, true, Some(weights))
}

/// The image that weights are learned over: it knows unknown nouns, at a cost that nobody learned.
pub(crate) fn image_to_train(lexicon: &Lexicon) -> Result<Vec<u8>, BuildError> {
    make(lexicon, true, None)
}

fn make(
    lexicon: &Lexicon,
    with_unknown_nouns: bool,
    weights: Option<&Weights>,
) -> Result<Vec<u8>, BuildError> {
    let mut connections = Connections::new(lexicon)?;
    let codes = codes(lexicon);
    let mut entries = Entries::new(connections.ids.clone(), &lexicon.penalties);

    let mut spelled = Vec::new();
    for (surface, homographs) in by_surface(&lexicon.words) {
        let (first, count) = entries.add(&homographs)?;
        spelled.push((spelling(surface, &codes)?, first << 7 | count));
    }
    if entries.len() >= 1 << 24 {
        return Err(BuildError::Lexicon("it has more than 16 million words"));
    }
    spelled.sort_unstable();
    let known_entries = entries.len();
    let characters = Characters::new(lexicon, &codes, &mut entries)?;

    let sentence = connections
        .ids
        .of(0, 0)
        .ok_or(BuildError::Lexicon("it has no connections"))?;
    let templates = templates(lexicon, &connections, sentence);
    let mut unknown_nouns = 0;
    if with_unknown_nouns {
        unknown_nouns = entries.len();
        for (length, cost) in NOUN_LENGTHS.zip(UNKNOWN_NOUN_COSTS) {
            debug_assert!(length >= *NOUN_LENGTHS.start());
            for final_consonant in [false, true] {
                entries.add_unknown_noun(templates[template(Tag::NNP, final_consonant)], cost)?;
            }
        }
    }
    let mut penalties = entries.penalty_costs();
    let Entries {
        entries: mut words,
        analyses,
        pool,
        ..
    } = entries;
    let of_templates = match weights {
        Some(weights) => weights.fold(&mut words, &mut penalties, &mut connections, templates)?,
        None => [(0, 0); 4],
    };
    let figures = Figures {
        known_entries,
        left_ids: connections.left_ids,
        right_ids: connections.right_ids,
        sentence_left: sentence[0],
        sentence_right: sentence[1],
        templates,
        template_costs: of_templates.map(|(cost, _)| cost),
        template_penalties: of_templates.map(|(_, class)| class),
        unknown_nouns,
    };
    let name = match weights {
        Some(weights) => format!("{} + {}", lexicon.name, weights.name()),
        None => lexicon.name.clone(),
    };
    Ok(assemble(|section| match section {
        Section::Name => name.as_bytes().to_vec(),
        Section::Figures => bytemuck::bytes_of(&figures).to_vec(),
        Section::Characters => bytemuck::cast_slice(&characters.numbers).to_vec(),
        Section::Categories => bytemuck::cast_slice(&characters.categories).to_vec(),
        Section::Trie => bytemuck::cast_slice(&trie::units(&spelled)).to_vec(),
        Section::Entries => bytemuck::cast_slice(&words).to_vec(),
        Section::Analyses => bytemuck::cast_slice(&analyses).to_vec(),
        Section::Pool => pool.clone(),
        Section::Connections => bytemuck::cast_slice(&connections.costs).to_vec(),
        Section::Penalties => bytemuck::cast_slice(&penalties).to_vec(),
    }))
}

/// The words of each surface, in their order.
fn by_surface(words: &[LexiconWord]) -> BTreeMap<&str, Vec<&LexiconWord>> {
    let mut surfaces: BTreeMap<&str, Vec<&LexiconWord>> = BTreeMap::new();
    for word in words {
        surfaces.entry(&word.surface).or_default().push(word);
    }
    surfaces
}

/// The ids of a user's word: those that most simple nouns of its kind have.
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

fn assemble(mut content: impl FnMut(Section) -> Vec<u8>) -> Vec<u8> {
    let mut image = vec![0; HEADER.next_multiple_of(ALIGNMENT)];
    let mut table = Vec::new();
    for section in Section::ALL {
        let content = content(section);
        table.extend([image.len() as u64, content.len() as u64]);
        image.extend(content);
        image.resize(image.len().next_multiple_of(ALIGNMENT), 0);
    }

    let mut header = Vec::with_capacity(HEADER);
    header.extend(MAGIC);
    header.extend(FORMAT.to_le_bytes());
    header.extend((Section::COUNT as u32).to_le_bytes());
    header.extend((image.len() as u64).to_le_bytes());
    header.extend(xxh64(&image[HEADER..], SEED).to_le_bytes());
    debug_assert_eq!(header.len(), FIXED_HEADER);
    header.extend(table.into_iter().flat_map(u64::to_le_bytes));
    header.extend(xxh64(&header, SEED).to_le_bytes());
    image[..HEADER].copy_from_slice(&header);
    image
}
