use std::cmp::Reverse;
use std::collections::HashMap;

use super::{BuildError, Lexicon, LexiconWord};
use crate::image::WINDOW;

/// The table of connections with its ids renumbered. Ids that no word uses are left out; ids that cost the
/// same whatever they meet become one, which takes nothing from any analysis and leaves a third of
/// mecab-ko-dic's table; those that likely words use come first, so that a search touches few pages of it.
pub(super) struct Connections {
    pub ids: Ids,
    pub left_ids: u32,
    pub right_ids: u32,
    /// As the image has them: a row for each left id, then zeros.
    pub costs: Vec<i16>,
}

impl Connections {
    pub fn new(lexicon: &Lexicon) -> Result<Self, BuildError> {
        let columns = usize::from(lexicon.right_ids);
        if lexicon.connections.len() != usize::from(lexicon.left_ids) * columns || columns == 0 {
            return Err(BuildError::Lexicon(
                "its table of connections does not have the size it should have",
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

/// For each old id the new one, if a word uses it.
#[derive(Clone)]
pub(super) struct Ids {
    lefts: Vec<Option<u16>>,
    rights: Vec<Option<u16>>,
}

impl Ids {
    /// The new left and right id of a word.
    pub fn of(&self, left: u16, right: u16) -> Option<[u16; 2]> {
        let new = |ids: &[Option<u16>], id| ids.get(usize::from(id)).copied().flatten();
        Some([new(&self.lefts, left)?, new(&self.rights, right)?])
    }
}

/// Ids of which those with equal costs are one, the most used first.
struct Merged {
    /// For each old id its new one, if a word uses it.
    places: Vec<Option<u16>>,
    /// For each new id the first of the old ones.
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

/// How much each id is used.
fn weights(lexicon: &Lexicon, ids: u16, id: impl Fn(&LexiconWord) -> u16) -> Result<Vec<u64>, BuildError> {
    let mut weights = vec![0_u64; usize::from(ids)];
    for word in lexicon.words.iter().chain(lexicon.unknown.values().flatten()) {
        let Some(sum) = weights.get_mut(usize::from(id(word))) else {
            let problem = "it uses a connection that the table does not have".to_owned();
            return Err(BuildError::Word {
                surface: word.surface.clone(),
                problem,
            });
        };
        *sum += weight(word.cost);
    }
    // The sentence's own.
    weights[0] += weight(0);
    Ok(weights)
}

/// About how often a word of this cost is met: twice as often for each 512 less. Whole numbers, so that
/// every machine makes the same image.
fn weight(cost: i16) -> u64 {
    1 << ((16_384 - i32::from(cost)) / 512).clamp(0, 40)
}

fn used(weights: &[u64]) -> Vec<u16> {
    (0..)
        .zip(weights)
        .filter(|&(_, &weight)| weight > 0)
        .map(|(id, _)| id)
        .collect()
}
