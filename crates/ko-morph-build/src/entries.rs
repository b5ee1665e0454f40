use std::collections::HashMap;

use ko_morph::image::layout::{Entry, MOST_HOMOGRAPHS, Penalty};

use crate::connections::Ids;
use crate::feature::Feature;
use crate::image::Costs;
use crate::{BuildError, LexiconWord};

/// A surface and the range of its entries.
pub(crate) struct Homographs {
    /// Codes of the surface, with 0 at the end.
    pub(crate) spelling: Vec<u16>,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// The sections of entries, analyses and their pool.
pub(crate) struct Entries<'a> {
    costs: Costs,
    connections: Ids,
    penalties: &'a [(u16, i16)],
    pub(crate) entries: Vec<Entry>,
    /// Offset of each entry's analysis in the pool.
    pub(crate) analyses: Vec<u32>,
    pub(crate) pool: Vec<u8>,
    /// Offset of each distinct analysis in the pool.
    pooled: HashMap<Vec<u8>, u32>,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(costs: Costs, connections: Ids, penalties: &'a [(u16, i16)]) -> Self {
        let (entries, analyses) = (Vec::new(), Vec::new());
        Self {
            costs,
            connections,
            penalties,
            entries,
            analyses,
            pool: Vec::new(),
            pooled: HashMap::new(),
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Appends homographs. Returns the index of the first entry and the number of entries.
    ///
    /// Drops a word that can be on no best path because another one has the same contexts and costs less. Learning may
    /// change the costs, so it keeps words whose analyses differ.
    pub(crate) fn add(&mut self, words: &[&LexiconWord]) -> Result<(u32, u32), BuildError> {
        let first = self.len();
        for (place, word) in words.iter().enumerate() {
            let contexts = |word| self.contexts(word);
            let never_wins = (0..).zip(words).any(|(other_place, other)| {
                (other.cost, other_place) < (word.cost, place)
                    && contexts(other) == contexts(word)
                    && (self.costs == Costs::Own || other.has_analysis_of(word))
            });
            if !never_wins {
                self.add_one(word)
                    .map_err(|problem| BuildError::word(&word.surface, problem))?;
            }
        }
        let count = self.len() - first;
        match words.first() {
            Some(word) if count > MOST_HOMOGRAPHS => Err(BuildError::word(
                &word.surface,
                format!("it has {count} homographs, expected at most {MOST_HOMOGRAPHS}"),
            )),
            _ => Ok((first, count)),
        }
    }

    fn add_one(&mut self, word: &LexiconWord) -> Result<(), String> {
        let ids = self.connections.of(word.left, word.right);
        let [left, right] = ids.ok_or("its context id is outside the connection table")?;
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

    /// Returns everything through which a word influences the cost of its neighbours.
    fn contexts(&self, word: &LexiconWord) -> (Option<[u16; 2]>, u16) {
        (
            self.connections.of(word.left, word.right),
            self.penalty(word.posid),
        )
    }

    /// Returns the class of penalty of a part of speech, 0 for those without one.
    pub(crate) fn penalty(&self, posid: u16) -> u16 {
        let place = self
            .penalties
            .iter()
            .position(|&(penalised, _)| penalised == posid);
        place.map_or(0, |place| place as u16 + 1)
    }

    /// Returns the costs beside a space, indexed by class of penalty.
    pub(crate) fn penalty_costs(&self) -> Vec<Penalty> {
        let plain = self.penalties.iter().map(|&(_, after_space)| Penalty {
            after_space,
            before_space: 0,
        });
        [Penalty::default()].into_iter().chain(plain).collect()
    }

    /// Appends the entry of an unknown noun.
    pub(crate) fn add_unknown_noun(&mut self, [left, right]: [u16; 2], cost: i16) -> Result<(), BuildError> {
        let analysis = Feature::parse("NNP,*,*,*,*,*,*,*").and_then(|feature| feature.analysis(""));
        let analysis = analysis.map_err(|problem| BuildError::word("unknown noun", problem))?;
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

    /// Drops words that can be on no best path because a homograph has the same contexts and costs less. `words` are
    /// the homographs of each surface, in ascending order, and everything after them stays. Returns the number of words
    /// dropped.
    pub(crate) fn drop_losers(&mut self, words: &mut [Homographs]) -> u32 {
        let mut kept = Vec::with_capacity(self.entries.len());
        let mut dropped = 0;
        for word in &mut *words {
            let range = word.first as usize..(word.first + word.count) as usize;
            let homographs = &self.entries[range.clone()];
            let never_wins = |place: usize| {
                let entry = homographs[place];
                (0..).zip(homographs).any(|(other_place, other)| {
                    (other.cost, other_place) < (entry.cost, place)
                        && (other.left, other.right, other.penalty)
                            == (entry.left, entry.right, entry.penalty)
                })
            };
            let winners: Vec<usize> = (0..homographs.len())
                .filter(|&place| !never_wins(place))
                .collect();
            word.first -= dropped;
            dropped += word.count - winners.len() as u32;
            word.count = winners.len() as u32;
            kept.extend(winners.into_iter().map(|place| range.start + place));
        }
        kept.extend(kept.len() + dropped as usize..self.entries.len());
        self.entries = kept.iter().map(|&entry| self.entries[entry]).collect();
        self.analyses = kept.iter().map(|&entry| self.analyses[entry]).collect();
        dropped
    }

    /// Returns the offset of an analysis in the pool, and adds it if it is new.
    fn pooled(&mut self, analysis: Vec<u8>) -> u32 {
        let pool = &mut self.pool;
        *self.pooled.entry(analysis).or_insert_with_key(|analysis| {
            let offset = pool.len() as u32;
            pool.extend(analysis);
            offset
        })
    }
}
