use super::model::Model;
use super::node::Node;

/// A choice of the values that a path is measured with.
#[derive(Clone, Copy)]
pub(super) enum Values {
    /// The values after the last text.
    Latest,
    /// The average over all texts.
    Average,
}

/// The cheapest path to a node: its cost and the index of its last node, `None` at the start of the text.
type PathEnd = (f32, Option<usize>);

impl Model<'_> {
    /// Returns the cheapest path through a text of so many characters as indices of its nodes. Each unit of a node's
    /// worth adds `worth_cost`.
    pub(super) fn cheapest_path(
        &self,
        nodes: &[Node],
        length: usize,
        worth_cost: f32,
        values: Values,
    ) -> Vec<usize> {
        let texts = match values {
            Values::Latest => 0,
            Values::Average => self.texts,
        };
        let mut paths: Vec<PathEnd> = Vec::with_capacity(nodes.len());
        let mut ending: Vec<Vec<Option<usize>>> = vec![Vec::new(); length + 1];
        ending[0].push(None);
        for (index, node) in nodes.iter().enumerate() {
            let previous = Previous {
                nodes,
                paths: &paths,
                indices: &ending[node.follows],
            };
            let (mut cost, last) = self.cheapest(previous, node.left, node.after_space, texts);
            cost += self.cost(node, worth_cost, texts);
            if node.after_space {
                cost += self.cost_after_space(node, texts);
            }
            paths.push((cost, last));
            ending[node.end].push(Some(index));
        }
        let Some(last) = ending.iter().rfind(|nodes| !nodes.is_empty()) else {
            return Vec::new();
        };
        let previous = Previous {
            nodes,
            paths: &paths,
            indices: last,
        };
        let sentence_left = usize::from(self.view.parameters.sentence_left);
        let (_, last) = self.cheapest(previous, sentence_left, false, texts);
        let mut path: Vec<usize> = std::iter::successors(last, |&index| paths[index].1).collect();
        path.reverse();
        path
    }

    /// Returns the cheapest way to reach a left id from one of the previous nodes.
    fn cheapest(&self, previous: Previous<'_>, left: usize, after_space: bool, texts: u64) -> PathEnd {
        let mut best = (f32::INFINITY, None);
        for &index in previous.indices {
            let (before, node) = match index {
                Some(index) => (previous.paths[index].0, Some(&previous.nodes[index])),
                None => (0.0, None),
            };
            let right = node.map_or(usize::from(self.view.parameters.sentence_right), |node| {
                node.right
            });
            let connection = self.connection(left, right);
            let mut cost = before
                + f32::from(self.view.connections[connection])
                + self.connections.mean(connection, texts);
            if let Some(node) = node
                && after_space
            {
                cost += self.entries_before_space.mean(node.entry, texts)
                    + self.rights_before_space.mean(node.right, texts);
            }
            if cost < best.0 {
                best = (cost, index);
            }
        }
        best
    }

    fn cost(&self, node: &Node, worth_cost: f32, texts: u64) -> f32 {
        f32::from(self.view.entries[node.entry].cost)
            + self.entries.mean(node.entry, texts)
            + self.lefts.mean(node.left, texts)
            + self.rights.mean(node.right, texts)
            + node.worth * worth_cost
    }

    fn cost_after_space(&self, node: &Node, texts: u64) -> f32 {
        let class = self.view.entries[node.entry].penalty;
        f32::from(self.view.penalties[usize::from(class)].after_space)
            + self.entries_after_space.mean(node.entry, texts)
            + self.lefts_after_space.mean(node.left, texts)
    }
}

/// The nodes that end at a position, `None` for the start of the text.
struct Previous<'a> {
    nodes: &'a [Node],
    paths: &'a [PathEnd],
    indices: &'a [Option<usize>],
}
