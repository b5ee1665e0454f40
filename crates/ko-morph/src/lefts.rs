//! Inner loop of the search: the best path to a word from the words that end where it starts.

use crate::image::View;
use crate::image::layout::WINDOW;

/// The nodes that end at a position, reduced to the cheapest for each right id: no other can be on the best path.
#[derive(Default)]
pub(crate) struct Lefts {
    words: Vec<Left>,
    /// Index in `words` of each right id.
    places: PerId<u32>,
}

#[derive(Clone, Copy)]
struct Left {
    path: PathEnd,
    right: u16,
}

/// The cost of a path and its last node, packed into one number so that the better of two paths is found without
/// a branch.
///
/// The upper half is the cost. The lower half is the inverted node number: of paths with equal costs MeCab takes
/// the one whose last word was found last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PathEnd(i64);

impl PathEnd {
    const WORST: PathEnd = PathEnd(i64::MAX);

    #[inline]
    pub(crate) fn new(cost: i32, node: u32) -> Self {
        Self(i64::from(cost) << 32 | i64::from(!node))
    }

    #[inline]
    pub(crate) fn cost(self) -> i32 {
        (self.0 >> 32) as i32
    }

    #[inline]
    pub(crate) fn node(self) -> u32 {
        !(self.0 as u32)
    }

    #[inline]
    pub(crate) fn plus(self, cost: i16) -> Self {
        Self(self.0 + (i64::from(cost) << 32))
    }
}

impl Lefts {
    /// Replaces the nodes. Each comes as the path to its end and its right id.
    #[inline]
    pub(crate) fn gather(&mut self, view: &View<'_>, words: impl Iterator<Item = (PathEnd, u16)>) {
        self.words.clear();
        self.places.clear(view.parameters.right_ids);
        for (path, right) in words {
            let place = self.places.get(right);
            match place.and_then(|place| self.words.get_mut(place as usize)) {
                Some(known) => known.path = known.path.min(path),
                None => {
                    self.places.set(right, self.words.len() as u32);
                    self.words.push(Left { path, right });
                }
            }
        }
    }

    /// Returns the best path to a word with this left id.
    #[inline]
    pub(crate) fn best(&self, view: &View<'_>, left: u16) -> PathEnd {
        let row = row(view, left);
        let mut best = PathEnd::WORST;
        for &Left { path, right } in &self.words {
            best = best.min(path.plus(row[usize::from(right)]));
        }
        best
    }
}

/// Returns the connection costs of a left id, indexed by right id. The slice extends beyond the row, so that
/// indexing with 16 bits needs no bounds check.
#[inline]
fn row<'a>(view: &View<'a>, left: u16) -> &'a [i16; WINDOW] {
    const NONE: &[i16; WINDOW] = &[0; WINDOW];
    let start = usize::from(left) * view.parameters.right_ids as usize;
    let row = view.connections.get(start..).and_then(|rest| rest.first_chunk());
    row.unwrap_or(NONE)
}

/// A map from ids to values that is cleared in constant time. Compact, because every word reads it.
#[derive(Default)]
pub(crate) struct PerId<T> {
    values: Vec<T>,
    /// Round in which each value was set. Values of earlier rounds are absent.
    rounds: Vec<u16>,
    round: u16,
}

impl<T: Copy + Default> PerId<T> {
    pub(crate) fn clear(&mut self, ids: u32) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 || self.rounds.len() != ids as usize {
            self.values.resize(ids as usize, T::default());
            self.rounds.clear();
            self.rounds.resize(ids as usize, 0);
            self.round = 1;
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: u16) -> Option<T> {
        let &round = self.rounds.get(usize::from(id))?;
        let &value = self.values.get(usize::from(id))?;
        (round == self.round).then_some(value)
    }

    #[inline]
    pub(crate) fn set(&mut self, id: u16, value: T) {
        let id = usize::from(id);
        if let (Some(round), Some(slot)) = (self.rounds.get_mut(id), self.values.get_mut(id)) {
            (*round, *slot) = (self.round, value);
        }
    }
}
