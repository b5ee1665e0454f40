use std::collections::HashMap;

use super::connections::Connections;
use super::feature::Feature;
use super::{BuildError, LexiconWord};
use crate::image::{Entry, MOST_HOMOGRAPHS};

/// The words of an image, with what they cost and what they are made of.
pub(super) struct Entries<'a> {
    connections: &'a Connections,
    penalties: &'a [(u16, i16)],
    pub entries: Vec<Entry>,
    /// For each entry its place in the pool.
    pub analyses: Vec<u32>,
    pub pool: Vec<u8>,
    /// Where in the pool an analysis already is.
    pooled: HashMap<Vec<u8>, u32>,
}

impl<'a> Entries<'a> {
    pub fn new(connections: &'a Connections, penalties: &'a [(u16, i16)]) -> Self {
        let (entries, analyses) = (Vec::new(), Vec::new());
        Self {
            connections,
            penalties,
            entries,
            analyses,
            pool: Vec::new(),
            pooled: HashMap::new(),
        }
    }

    pub fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Adds words that are candidates together, except those that can be on no best path because another has
    /// the same contexts and costs less; returns the first one's number, and how many they are.
    pub fn add(&mut self, words: &[&LexiconWord]) -> Result<(u32, u32), BuildError> {
        let first = self.len();
        for (place, word) in words.iter().enumerate() {
            let contexts = |word| self.contexts(word);
            let never_wins = (0..).zip(words).any(|(other_place, other)| {
                (other.cost, other_place) < (word.cost, place) && contexts(other) == contexts(word)
            });
            if !never_wins {
                self.add_one(word)
                    .map_err(|problem| word_error(&word.surface, problem))?;
            }
        }
        let count = self.len() - first;
        match words.first() {
            Some(word) if count > MOST_HOMOGRAPHS => {
                Err(word_error(&word.surface, format!("it has {count} homographs")))
            }
            _ => Ok((first, count)),
        }
    }

    fn add_one(&mut self, word: &LexiconWord) -> Result<(), String> {
        let ids = self.connections.ids(word.left, word.right);
        let [left, right] = ids.ok_or("it uses a connection that the table does not have")?;
        self.entries.push(Entry {
            left,
            right,
            cost: word.cost,
            penalty: self.penalty(word.posid),
        });
        let analysis = Feature::parse(&word.feature)?.analysis(&word.surface)?;
        let pool = &mut self.pool;
        let offset = *self.pooled.entry(analysis).or_insert_with_key(|analysis| {
            let offset = pool.len() as u32;
            pool.extend(analysis);
            offset
        });
        self.analyses.push(offset);
        Ok(())
    }

    /// All that the cost of a word's neighbourhood depends on.
    fn contexts(&self, word: &LexiconWord) -> (Option<[u16; 2]>, u16) {
        (
            self.connections.ids(word.left, word.right),
            self.penalty(word.posid),
        )
    }

    /// The class of a part of speech among the penalties: 0, or the place of its number in their list.
    fn penalty(&self, posid: u16) -> u16 {
        let place = self
            .penalties
            .iter()
            .position(|&(penalised, _)| penalised == posid);
        place.map_or(0, |place| place as u16 + 1)
    }

    /// What each class costs after a space.
    pub fn penalty_costs(&self) -> Vec<i16> {
        [0].into_iter()
            .chain(self.penalties.iter().map(|&(_, cost)| cost))
            .collect()
    }
}

pub(super) fn word_error(surface: &str, problem: String) -> BuildError {
    BuildError::Word {
        surface: surface.to_owned(),
        problem,
    }
}
