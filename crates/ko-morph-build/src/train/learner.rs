use ko_morph::{Analyser, Worker};

use super::Options;
use super::model::Model;
use super::node::{Node, nodes};
use super::path::Values;
use super::score::{Score, Tally};
use crate::Weights;
use crate::label::LabelledText;

/// Worth more than any cost: among paths that agree equally well with the labels, the hope is the cheapest.
const HOPE_COST: f32 = -20_000.0;

/// Part of an eojeol's worth that the hope may lack. A tenth is lost where only tags of the same group differ.
const TOLERANCE: f32 = 0.11;

/// A model and the analyser's worker that finds the lattices.
pub(super) struct Learner<'a> {
    model: Model<'a>,
    options: Options,
    worker: Worker<'a>,
}

impl<'a> Learner<'a> {
    pub(super) fn new(analyser: &'a Analyser, options: Options) -> Self {
        Self {
            model: Model::new(analyser.dictionary().view(), options.step),
            options,
            worker: analyser.worker(),
        }
    }

    pub(super) fn learn(&mut self, text: &LabelledText<'_>) {
        self.model.texts += 1;
        let nodes = nodes(&self.model.view, &mut self.worker, text);
        let eojeols = Eojeols::of(text.text);
        let path = |worth_cost| {
            self.model
                .cheapest_path(&nodes, eojeols.numbers.len(), worth_cost, Values::Latest)
        };
        let (hope, fear) = (path(HOPE_COST), path(self.options.margin));
        let learnable = learnable(text, &eojeols, &nodes, &hope, &fear);
        for (path, direction) in [(&hope, -1.0), (&fear, 1.0)] {
            let mut previous = None;
            for &index in path {
                let node = &nodes[index];
                if learnable[eojeols.numbers[node.start]] {
                    self.model.change(node, previous, direction);
                }
                previous = Some(node);
            }
        }
    }

    /// Measures the averages so far on held-out texts.
    pub(super) fn score(&mut self, texts: &[&LabelledText<'_>]) -> Score {
        let mut tally = Tally::default();
        for text in texts {
            let nodes = nodes(&self.model.view, &mut self.worker, text);
            let length = text.text.chars().count();
            let path = self.model.cheapest_path(&nodes, length, 0.0, Values::Average);
            tally.add(
                &self.model.view,
                text,
                path.into_iter().map(|index| &nodes[index]),
            );
        }
        tally.score()
    }

    pub(super) fn weights(&self, dictionary: u64, labels: u64) -> Weights {
        self.model.weights(&self.options, dictionary, labels)
    }
}

/// The eojeols of a text, numbered from 0.
struct Eojeols {
    /// Number of each character's eojeol.
    numbers: Vec<usize>,
    count: usize,
}

impl Eojeols {
    fn of(text: &str) -> Self {
        let mut spaces = 0;
        let number = |character: char| {
            spaces += usize::from(character == ' ');
            spaces
        };
        Self {
            numbers: text.chars().map(number).collect(),
            count: spaces + 1,
        }
    }
}

/// Returns for each eojeol whether hope and fear differ in it and the hope has its labels.
fn learnable(
    text: &LabelledText<'_>,
    eojeols: &Eojeols,
    nodes: &[Node],
    hope: &[usize],
    fear: &[usize],
) -> Vec<bool> {
    let mut worth = vec![0.0_f32; eojeols.count];
    for label in &text.labels {
        worth[eojeols.numbers[label.start]] += label.worth;
    }
    let mut missing = worth.clone();
    for &index in hope {
        missing[eojeols.numbers[nodes[index].start]] -= nodes[index].worth;
    }
    let mut differs = vec![false; eojeols.count];
    for (path, other) in [(hope, fear), (fear, hope)] {
        for index in path.iter().filter(|&index| !other.contains(index)) {
            differs[eojeols.numbers[nodes[*index].start]] = true;
        }
    }
    (0..eojeols.count)
        .map(|eojeol| differs[eojeol] && missing[eojeol] <= worth[eojeol] * TOLERANCE)
        .collect()
}
