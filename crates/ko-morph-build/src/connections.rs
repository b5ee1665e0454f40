use std::cmp::Reverse;
use std::collections::HashMap;

use ko_morph::image::layout::WINDOW;

use crate::{BuildError, Lexicon, LexiconWord};

/// The connection table with renumbered ids.
///
/// Ids that no word uses are dropped. Ids with the same costs everywhere are merged, which changes no analysis and
/// leaves a third of mecab-ko-dic's table. Ids of likely words come first, so that a search touches few pages.
pub(crate) struct Connections {
    pub(crate) ids: Ids,
    pub(crate) left_ids: u32,
    pub(crate) right_ids: u32,
    /// Section of the image: a row for each left id, then zeros.
    pub(crate) costs: Vec<i16>,
}

impl Connections {
    pub(crate) fn new(lexicon: &Lexicon) -> Result<Self, BuildError> {
        let columns = usize::from(lexicon.right_ids);
        if lexicon.connections.len() != usize::from(lexicon.left_ids) * columns || columns == 0 {
            return Err(BuildError::Lexicon(
                "its connection table does not have left_ids x right_ids costs",
            ));
        }
        let left_weights = weights(lexicon, lexicon.left_ids, |word| word.left)?;
        let right_weights = weights(lexicon, lexicon.right_ids, |word| word.right)?;
        let cost =
            |left: u16, right: u16| lexicon.connections[usize::from(left) * columns + usize::from(right)];

        let used_rights = used(&right_weights);
        let row = |left| used_rights.iter().map(|&right| cost(left, right)).collect();
        let lefts = Merged::new(&left_weights, row);
        let column = |right| lefts.first_ids.iter().map(|&left| cost(left, right)).collect();
        let rights = Merged::new(&right_weights, column);

        let rows = lefts.first_ids.iter();
        let costs = rows.flat_map(|&left| rights.first_ids.iter().map(move |&right| cost(left, right)));
        Ok(Self {
            costs: costs.chain(std::iter::repeat_n(0, WINDOW)).collect(),
            left_ids: lefts.first_ids.len() as u32,
            right_ids: rights.first_ids.len() as u32,
            ids: Ids {
                lefts: lefts.places,
                rights: rights.places,
            },
        })
    }
}

/// The new id of each old one that a word uses.
#[derive(Clone)]
pub(crate) struct Ids {
    lefts: Vec<Option<u16>>,
    rights: Vec<Option<u16>>,
}

impl Ids {
    /// Returns the new left and right id of a word.
    pub(crate) fn of(&self, left: u16, right: u16) -> Option<[u16; 2]> {
        let new = |ids: &[Option<u16>], id| ids.get(usize::from(id)).copied().flatten();
        Some([new(&self.lefts, left)?, new(&self.rights, right)?])
    }
}

/// Ids of one side after merging those with equal costs, the most used first.
struct Merged {
    /// New id of each old one that a word uses.
    places: Vec<Option<u16>>,
    /// First old id of each new one.
    first_ids: Vec<u16>,
}

impl Merged {
    fn new(weights: &[u64], costs: impl Fn(u16) -> Vec<i16>) -> Self {
        let mut groups: Vec<(u64, Vec<u16>)> = Vec::new();
        let mut known = HashMap::new();
        for id in used(weights) {
            let group = *known.entry(costs(id)).or_insert(groups.len());
            if group == groups.len() {
                groups.push((0, Vec::new()));
            }
            groups[group].0 += weights[usize::from(id)];
            groups[group].1.push(id);
        }
        groups.sort_by_key(|&(weight, _)| Reverse(weight));

        let mut places = vec![None; weights.len()];
        for ((_, ids), place) in groups.iter().zip(0..) {
            for &id in ids {
                places[usize::from(id)] = Some(place);
            }
        }
        Self {
            places,
            first_ids: groups.iter().map(|(_, ids)| ids[0]).collect(),
        }
    }
}

/// Returns the estimated use of each id.
fn weights(lexicon: &Lexicon, ids: u16, id: impl Fn(&LexiconWord) -> u16) -> Result<Vec<u64>, BuildError> {
    let mut weights = vec![0_u64; usize::from(ids)];
    for word in lexicon.words.iter().chain(lexicon.unknown.values().flatten()) {
        let Some(sum) = weights.get_mut(usize::from(id(word))) else {
            return Err(BuildError::word(
                &word.surface,
                "its context id is outside the connection table",
            ));
        };
        *sum += weight(word.cost);
    }
    // Id 0 is the start and end of sentences.
    weights[0] += weight(0);
    Ok(weights)
}

/// Estimates the frequency of a word from its cost: it doubles with each 512 less. Uses whole numbers, so that every
/// machine builds the same image.
fn weight(cost: i16) -> u64 {
    1 << ((16_384 - i32::from(cost)) / 512).clamp(0, 40)
}

/// Returns the ids that are used.
fn used(weights: &[u64]) -> Vec<u16> {
    (0..)
        .zip(weights)
        .filter(|&(_, &weight)| weight > 0)
        .map(|(id, _)| id)
        .collect()
}
