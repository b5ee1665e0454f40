//! The inner loop of the search: which of the words that end at a position is the best to come from.

use crate::image::View;

/// The words that end at a position, one for each right id, since no more than the cheapest of them can be on
/// the best path; in MeCab's order, which decides ties.
#[derive(Default)]
pub(crate) struct Lefts {
    words: Vec<Left>,
    /// For each right id the place of its word.
    places: Places,
}

#[derive(Clone, Copy)]
struct Left {
    /// The cost, and in the lower half the place among the words: the lowest number of all is then the first
    /// of the cheapest, found without a branch.
    cost_and_place: i64,
    node: u32,
    right: u16,
}

/// The cost of a word that a cheaper one has replaced: more than a chunk can cost.
const REPLACED: i32 = 1 << 30;

/// The best way to a word with some left id.
#[derive(Clone, Copy)]
pub(crate) struct Best {
    pub cost: i32,
    /// The node to come from.
    pub node: u32,
}

impl Lefts {
    /// Takes the words as node, cost and right id.
    #[inline]
    pub fn gather(&mut self, view: &View<'_>, words: impl Iterator<Item = (u32, i32, u16)>) {
        self.words.clear();
        self.places.forget(view.figures.right_ids);
        for (node, cost, right) in words {
            let place = self.words.len();
            let word = Left {
                cost_and_place: i64::from(cost) << 32 | place as i64,
                node,
                right,
            };
            if let Some(known) = self.places.get(right).and_then(|place| self.words.get_mut(place)) {
                if known.cost() <= cost {
                    continue;
                }
                known.cost_and_place = i64::from(REPLACED) << 32;
            }
            self.places.set(right, place);
            self.words.push(word);
        }
    }

    /// The cheapest way to a word with this left id; the first of equally cheap ones.
    #[inline]
    pub fn best(&self, view: &View<'_>, left: u16) -> Best {
        let columns = view.figures.right_ids as usize;
        let row = usize::from(left) * columns;
        let row = view.connections.get(row..row + columns).unwrap_or_default();
        let mut best = i64::MAX;
        for word in &self.words {
            let cost = row.get(usize::from(word.right)).copied().unwrap_or(0);
            best = best.min(word.cost_and_place + (i64::from(cost) << 32));
        }
        let node = self.words.get(best as u32 as usize).map_or(0, |word| word.node);
        Best {
            cost: (best >> 32) as i32,
            node,
        }
    }
}

impl Left {
    fn cost(&self) -> i32 {
        (self.cost_and_place >> 32) as i32
    }
}

/// A place for some of the ids, forgotten for all of them at once. Small, since the search is in it all the
/// time.
#[derive(Default)]
pub(crate) struct Places {
    values: Vec<(u16, u16)>,
    round: u16,
}

impl Places {
    pub fn forget(&mut self, ids: u32) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 || self.values.len() != ids as usize {
            self.values.clear();
            self.values.resize(ids as usize, (0, 0));
            self.round = 1;
        }
    }

    #[inline]
    pub fn get(&self, id: u16) -> Option<usize> {
        let &(round, value) = self.values.get(usize::from(id))?;
        (round == self.round).then_some(usize::from(value))
    }

    #[inline]
    pub fn set(&mut self, id: u16, place: usize) {
        if let Some(slot) = self.values.get_mut(usize::from(id)) {
            *slot = (self.round, place as u16);
        }
    }
}
