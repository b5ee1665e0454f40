use std::collections::HashMap;

use ko_morph::image::View;

use super::node::{Node, each_morpheme};
use crate::label::LabelledText;
use crate::tag_group::{TagGroup, spelling};

/// Agreement of the analyses of held-out texts with their labels: F1 in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// F1 of all morphemes except symbols.
    pub morphemes: f64,
    /// F1 of the nouns (NNG and NNP).
    pub nouns: f64,
}

/// Counts of morphemes from which a score is computed.
#[derive(Default)]
pub(super) struct Tally {
    morphemes: Counts,
    nouns: Counts,
}

#[derive(Default)]
struct Counts {
    agreed: usize,
    labelled: usize,
    found: usize,
}

impl Tally {
    /// Compares the words of a path with the labels of a text, whatever their positions.
    pub(super) fn add<'n>(
        &mut self,
        view: &View<'_>,
        text: &LabelledText<'_>,
        path: impl Iterator<Item = &'n Node>,
    ) {
        let mut counts: HashMap<(String, bool), [usize; 2]> = HashMap::new();
        for label in text.labels.iter().filter(|label| label.worth > 0.0) {
            let key = (label.form.clone(), TagGroup::of(label.tag) == TagGroup::Noun);
            counts.entry(key).or_default()[0] += 1;
        }
        let offsets: Vec<usize> = text
            .text
            .char_indices()
            .map(|(offset, _)| offset)
            .chain([text.text.len()])
            .collect();
        for node in path {
            let surface = &text.text[offsets[node.start]..offsets[node.end]];
            each_morpheme(view, node.entry, surface, |form, tag| {
                let group = TagGroup::of(tag);
                if group != TagGroup::Symbol {
                    let key = (spelling(form, tag).collect(), group == TagGroup::Noun);
                    counts.entry(key).or_default()[1] += 1;
                }
            });
        }
        for ((_, noun), [labelled, found]) in counts {
            self.morphemes.add(labelled, found);
            if noun {
                self.nouns.add(labelled, found);
            }
        }
    }

    pub(super) fn score(&self) -> Score {
        Score {
            morphemes: self.morphemes.f1(),
            nouns: self.nouns.f1(),
        }
    }
}

impl Counts {
    fn add(&mut self, labelled: usize, found: usize) {
        self.agreed += labelled.min(found);
        self.labelled += labelled;
        self.found += found;
    }

    fn f1(&self) -> f64 {
        match self.labelled + self.found {
            0 => 0.0,
            all => 200.0 * self.agreed as f64 / all as f64,
        }
    }
}
