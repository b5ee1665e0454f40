//! Addition of learned changes to the costs of an image.

use std::collections::HashMap;

use ko_morph::image::layout::{Entry, Penalty};

use super::Weights;
use crate::BuildError;
use crate::image::Content;

const OUTSIDE: BuildError =
    BuildError::Lexicon("the weights name an entry or connection that it does not have");

impl Content<'_> {
    /// Adds learned changes to the costs and names the weights in the image.
    ///
    /// Words of the user change like the words that have their ids.
    pub(crate) fn fold(&mut self, weights: &Weights) -> Result<(), BuildError> {
        if weights.dictionary != self.fingerprint() {
            return Err(BuildError::Lexicon(
                "the weights were learned for another dictionary",
            ));
        }
        let mut classes = Classes::new(std::mem::take(&mut self.penalties));
        fold_entries(&mut self.entries.entries, weights, &mut classes)?;
        fold_templates(&mut self.templates, weights, &mut classes)?;
        self.penalties = classes.penalties;
        for &(place, change) in &weights.connections {
            let cost = self.connections.costs.get_mut(place as usize).ok_or(OUTSIDE)?;
            *cost = cost.saturating_add(change);
        }
        self.name = format!("{} + {}", self.name, weights.name());
        Ok(())
    }
}

fn fold_entries(entries: &mut [Entry], weights: &Weights, classes: &mut Classes) -> Result<(), BuildError> {
    let mut changes = vec![[0_i16; 3]; entries.len()];
    for &(entry, change) in &weights.entries {
        *changes.get_mut(entry as usize).ok_or(OUTSIDE)? = change;
    }
    for (entry, [cost, after_space, before_space]) in entries.iter_mut().zip(changes) {
        let shared = weights.of_ids(entry.left, entry.right);
        entry.cost = sum([entry.cost, cost, shared.cost]);
        let plain = classes.penalty(entry.penalty);
        entry.penalty = classes.class_of(Penalty {
            after_space: sum([plain.after_space, after_space, shared.penalty.after_space]),
            before_space: sum([plain.before_space, before_space, shared.penalty.before_space]),
        })?;
    }
    Ok(())
}

fn fold_templates(
    templates: &mut [Entry],
    weights: &Weights,
    classes: &mut Classes,
) -> Result<(), BuildError> {
    for template in templates {
        let shared = weights.of_ids(template.left, template.right);
        let plain = classes.penalty(template.penalty);
        template.cost = sum([template.cost, shared.cost]);
        template.penalty = classes.class_of(Penalty {
            after_space: sum([plain.after_space, shared.penalty.after_space]),
            before_space: sum([plain.before_space, shared.penalty.before_space]),
        })?;
    }
    Ok(())
}

/// Changes that all words with a pair of ids share.
struct Shared {
    cost: i16,
    penalty: Penalty,
}

impl Weights {
    fn of_ids(&self, left: u16, right: u16) -> Shared {
        let [left, after_space] = self.lefts.get(usize::from(left)).copied().unwrap_or_default();
        let [right, before_space] = self.rights.get(usize::from(right)).copied().unwrap_or_default();
        Shared {
            cost: sum([left, right]),
            penalty: Penalty {
                after_space,
                before_space,
            },
        }
    }
}

/// The distinct penalties of an image. The index of a penalty is its class.
struct Classes {
    penalties: Vec<Penalty>,
    classes: HashMap<Penalty, u16>,
}

impl Classes {
    fn new(penalties: Vec<Penalty>) -> Self {
        let classes = (0..)
            .zip(&penalties)
            .map(|(class, &penalty)| (penalty, class))
            .collect();
        Self { penalties, classes }
    }

    fn penalty(&self, class: u16) -> Penalty {
        self.penalties
            .get(usize::from(class))
            .copied()
            .unwrap_or_default()
    }

    /// Returns the class of a penalty, rounded so that words share classes.
    fn class_of(&mut self, penalty: Penalty) -> Result<u16, BuildError> {
        let penalty = Penalty {
            after_space: rounded(penalty.after_space),
            before_space: rounded(penalty.before_space),
        };
        if let Some(&class) = self.classes.get(&penalty) {
            return Ok(class);
        }
        let class = u16::try_from(self.penalties.len());
        let class = class
            .map_err(|_| BuildError::Lexicon("the weights have more than 65,536 classes of penalties"))?;
        self.penalties.push(penalty);
        self.classes.insert(penalty, class);
        Ok(class)
    }
}

fn sum<const N: usize>(costs: [i16; N]) -> i16 {
    costs.into_iter().fold(0, i16::saturating_add)
}

/// Rounds a penalty to a multiple of 50.
fn rounded(penalty: i16) -> i16 {
    const STEP: i32 = 50;
    let steps = (i32::from(penalty) + STEP / 2).div_euclid(STEP);
    (steps * STEP).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
