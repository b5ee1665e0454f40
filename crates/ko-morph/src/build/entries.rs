use std::collections::HashMap;

use super::connections::Ids;
use super::feature::Feature;
use super::{BuildError, LexiconWord};
use crate::image::{Entry, MOST_HOMOGRAPHS, Penalty};

/// The words of an image, with what they cost and what they are made of.
pub(super) struct Entries<'a> {
    connections: Ids,
    penalties: &'a [(u16, i16)],
    pub entries: Vec<Entry>,
    /// For each entry its place in the pool.
    pub analyses: Vec<u32>,
    pub pool: Vec<u8>,
    /// Where in the pool an analysis already is.
    pooled: HashMap<Vec<u8>, u32>,
}

impl<'a> Entries<'a> {
    pub fn new(connections: Ids, penalties: &'a [(u16, i16)]) -> Self {
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
        let ids = self.connections.of(word.left, word.right);
        let [left, right] = ids.ok_or("it uses a connection that the table does not have")?;
        self.entries.push(Entry {
            left,
            right,
            cost: word.cost,
            penalty: self.penalty(word.posid),
        });
        let analysis = Feature::parse(&word.feature)?.analysis(&word.surface)?;
        let offset = self.pooled(analysis);
        self.analyses.push(offset);
        Ok(())
    }

    /// All that the cost of a word's neighbourhood depends on.
    fn contexts(&self, word: &LexiconWord) -> (Option<[u16; 2]>, u16) {
        (
            self.connections.of(word.left, word.right),
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

    /// What each class costs beside a space.
    pub fn penalty_costs(&self) -> Vec<Penalty> {
        let plain = self
            .penalties
            .iter()
            .map(|&(_, before)| Penalty { before, behind: 0 });
        [Penalty::default()].into_iter().chain(plain).collect()
    }

    /// Adds a word that is made up where no dictionary has one.
    pub fn add_unknown_noun(&mut self, [left, right]: [u16; 2], cost: i16) -> Result<(), BuildError> {
        let analysis = Feature::parse("NNP,*,*,*,*,*,*,*").and_then(|feature| feature.analysis(""));
        let analysis = analysis.map_err(|problem| word_error("unknown noun", problem))?;
        self.entries.push(Entry {
            left,
            right,
            cost,
            penalty: 0,
        });
        let offset = self.pooled(analysis);
        self.analyses.push(offset);
        Ok(())
    }

    fn pooled(&mut self, analysis: Vec<u8>) -> u32 {
        let pool = &mut self.pool;
        *self.pooled.entry(analysis).or_insert_with_key(|analysis| {
            let offset = pool.len() as u32;
            pool.extend(analysis);
            offset
        })
    }
}

pub(super) fn word_error(surface: &str, problem: String) -> BuildError {
    BuildError::Word {
        surface: surface.to_owned(),
        problem,
    }
}
