use std::collections::{BTreeMap, HashMap};

use super::characters::{Characters, codes, spelling};
use super::connections::Connections;
use super::entries::Entries;
use super::feature::Feature;
use super::{BuildError, Lexicon, LexiconWord, trie};
use crate::image::{ALIGNMENT, FIXED_HEADER, FORMAT, Figures, HEADER, MAGIC, SEED, Section};
use crate::tag::Tag;
use crate::user_dictionary::template;
use xxhash_rust::xxh64::xxh64;

/// The image of a lexicon.
pub fn image(lexicon: &Lexicon) -> Result<Vec<u8>, BuildError> {
    let connections = Connections::new(lexicon)?;
    let codes = codes(lexicon);
    let mut entries = Entries::new(&connections, &lexicon.penalties);

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
        .ids(0, 0)
        .ok_or(BuildError::Lexicon("it has no connections"))?;
    let figures = Figures {
        known_entries,
        left_ids: connections.left_ids,
        right_ids: connections.right_ids,
        sentence_left: sentence[0],
        sentence_right: sentence[1],
        templates: templates(lexicon, &connections, sentence),
    };
    Ok(assemble(|section| match section {
        Section::Name => lexicon.name.as_bytes().to_vec(),
        Section::Figures => bytemuck::bytes_of(&figures).to_vec(),
        Section::Characters => bytemuck::cast_slice(&characters.numbers).to_vec(),
        Section::Categories => bytemuck::cast_slice(&characters.categories).to_vec(),
        Section::Trie => bytemuck::cast_slice(&trie::units(&spelled)).to_vec(),
        Section::Entries => bytemuck::cast_slice(&entries.entries).to_vec(),
        Section::Analyses => bytemuck::cast_slice(&entries.analyses).to_vec(),
        Section::Pool => entries.pool.clone(),
        Section::Connections => bytemuck::cast_slice(&connections.costs).to_vec(),
        Section::Penalties => bytemuck::cast_slice(&entries.penalty_costs()).to_vec(),
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
        most.and_then(|((left, right), _)| connections.ids(left, right))
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
