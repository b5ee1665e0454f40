use ko_morph::image::View;

use super::Options;
use super::averaged::Averaged;
use super::node::Node;
use crate::Weights;

/// The numbers that are learned: a change for each number of the image.
pub(super) struct Model<'a> {
    pub(super) view: View<'a>,
    /// Changes of the cost of each entry: in general, after and before a space.
    pub(super) entries: Averaged,
    pub(super) entries_after_space: Averaged,
    pub(super) entries_before_space: Averaged,
    pub(super) connections: Averaged,
    /// Changes that all words with a left or right id share. They reach words that occur in no label.
    pub(super) lefts: Averaged,
    pub(super) lefts_after_space: Averaged,
    pub(super) rights: Averaged,
    pub(super) rights_before_space: Averaged,
    /// Number of texts learned from.
    pub(super) texts: u64,
}

impl<'a> Model<'a> {
    pub(super) fn new(view: View<'a>, step: f32) -> Self {
        let entries = view.entries.len();
        let lefts = view.parameters.left_ids as usize;
        let rights = view.parameters.right_ids as usize;
        Self {
            view,
            entries: Averaged::new(entries, step),
            entries_after_space: Averaged::new(entries, step * 0.5),
            entries_before_space: Averaged::new(entries, step * 0.5),
            connections: Averaged::new(view.connections.len(), step * 0.25),
            lefts: Averaged::new(lefts, step * 0.25),
            lefts_after_space: Averaged::new(lefts, step * 0.25),
            rights: Averaged::new(rights, step * 0.25),
            rights_before_space: Averaged::new(rights, step * 0.25),
            texts: 0,
        }
    }

    /// Returns the index of a connection in the table of costs.
    pub(super) fn connection(&self, left: usize, right: usize) -> usize {
        left * self.view.parameters.right_ids as usize + right
    }

    /// Changes the numbers of a node. `previous` is the node before it, or `None` at the start of a text.
    pub(super) fn change(&mut self, node: &Node, previous: Option<&Node>, direction: f32) {
        let texts = self.texts;
        let right = previous.map_or(usize::from(self.view.parameters.sentence_right), |previous| {
            previous.right
        });
        let connection = self.connection(node.left, right);
        self.entries.change(node.entry, direction, texts);
        self.lefts.change(node.left, direction, texts);
        self.rights.change(node.right, direction, texts);
        self.connections.change(connection, direction, texts);
        if node.after_space {
            self.entries_after_space.change(node.entry, direction, texts);
            self.lefts_after_space.change(node.left, direction, texts);
            if let Some(previous) = previous {
                self.entries_before_space.change(previous.entry, direction, texts);
                self.rights_before_space.change(previous.right, direction, texts);
            }
        }
    }

    /// Returns the averages as weights. Leaves out small changes of entries and connections.
    pub(super) fn weights(&self, options: &Options, dictionary: u64, labels: u64) -> Weights {
        let round = |numbers: &Averaged, index: usize| {
            numbers.mean(index, self.texts).round().clamp(-8000.0, 8000.0) as i16
        };
        let large = |numbers: &Averaged, index: usize| match round(numbers, index) {
            change if change.abs() < options.smallest => 0,
            change => change,
        };
        let pairs = |numbers: &Averaged, beside_space: &Averaged| -> Vec<[i16; 2]> {
            (0..numbers.len())
                .map(|index| [round(numbers, index), round(beside_space, index)])
                .collect()
        };
        let entries = (0..self.entries.len()).map(|index| {
            let numbers = [
                &self.entries,
                &self.entries_after_space,
                &self.entries_before_space,
            ];
            (index as u32, numbers.map(|numbers| large(numbers, index)))
        });
        let connections = 0..self.connections.len();
        let connections = connections.map(|index| (index as u32, large(&self.connections, index)));
        Weights {
            dictionary,
            labels,
            lefts: pairs(&self.lefts, &self.lefts_after_space),
            rights: pairs(&self.rights, &self.rights_before_space),
            entries: entries.filter(|&(_, change)| change != [0; 3]).collect(),
            connections: connections.filter(|&(_, change)| change != 0).collect(),
        }
    }
}
