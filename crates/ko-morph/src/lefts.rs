//! The inner loop of the search: which of the words that end at a position is the best to come from.

use crate::image::{View, WINDOW};

/// The words that end at a position, one for each right id, since no more than the cheapest of them can be on
/// the best path.
#[derive(Default)]
pub(crate) struct Lefts {
    words: Vec<Left>,
    /// For each right id the place of its word.
    places: PerId<u32>,
}

#[derive(Clone, Copy)]
struct Left {
    way: Way,
    right: u16,
}

/// What a path costs, and the node that it ends with.
///
/// One number, so that the better of two is found without a branch. In its upper half is the cost, below it the
/// node, counted backwards: of paths that cost the same MeCab takes the one whose last word was found last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way(i64);

impl Way {
    const WORST: Way = Way(i64::MAX);

    #[inline]
    pub fn new(cost: i32, node: u32) -> Self {
        Self(i64::from(cost) << 32 | i64::from(!node))
    }

    #[inline]
    pub fn cost(self) -> i32 {
        (self.0 >> 32) as i32
    }

    #[inline]
    pub fn node(self) -> u32 {
        !(self.0 as u32)
    }

    #[inline]
    pub fn and(self, cost: i16) -> Self {
        Self(self.0 + (i64::from(cost) << 32))
    }
}

impl Lefts {
    /// Takes the words: the ways to their ends, and their right ids.
    #[inline]
    pub fn gather(&mut self, view: &View<'_>, words: impl Iterator<Item = (Way, u16)>) {
        self.words.clear();
        self.places.forget(view.figures.right_ids);
        for (way, right) in words {
            let place = self.places.get(right);
            match place.and_then(|place| self.words.get_mut(place as usize)) {
                Some(known) => known.way = known.way.min(way),
                None => {
                    self.places.set(right, self.words.len() as u32);
                    self.words.push(Left { way, right });
                }
            }
        }
    }

    /// The best way to a word with this left id.
    #[inline]
    pub fn best(&self, view: &View<'_>, left: u16) -> Way {
        let row = row(view, left);
        let mut best = Way::WORST;
        for &Left { way, right } in &self.words {
            best = best.min(way.and(row[usize::from(right)]));
        }
        best
    }
}

/// What it costs to come to this left id from each of the right ids. It is longer than a row of the table is:
/// no number of 16 bits is outside, and so none needs to be compared with a length.
#[inline]
fn row<'a>(view: &View<'a>, left: u16) -> &'a [i16; WINDOW] {
    const NONE: &[i16; WINDOW] = &[0; WINDOW];
    let start = usize::from(left) * view.figures.right_ids as usize;
    let row = view.connections.get(start..).and_then(|rest| rest.first_chunk());
    row.unwrap_or(NONE)
}

/// Something for each of some ids, forgotten for all of them at once. Small, since the search is in it all the
/// time.
#[derive(Default)]
pub(crate) struct PerId<T> {
    values: Vec<T>,
    /// In which round each of them was set.
    rounds: Vec<u16>,
    round: u16,
}

impl<T: Copy + Default> PerId<T> {
    pub fn forget(&mut self, ids: u32) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 || self.rounds.len() != ids as usize {
            self.values.resize(ids as usize, T::default());
            self.rounds.clear();
            self.rounds.resize(ids as usize, 0);
            self.round = 1;
        }
    }

    #[inline]
    pub fn get(&self, id: u16) -> Option<T> {
        let &round = self.rounds.get(usize::from(id))?;
        let &value = self.values.get(usize::from(id))?;
        (round == self.round).then_some(value)
    }

    #[inline]
    pub fn set(&mut self, id: u16, value: T) {
        let id = usize::from(id);
        if let (Some(round), Some(slot)) = (self.rounds.get_mut(id), self.values.get_mut(id)) {
            (*round, *slot) = (self.round, value);
        }
    }
}
