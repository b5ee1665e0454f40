use ko_morph::image::{Analysis, View};
use ko_morph::{LatticeWord, Tag, Worker};

use crate::label::LabelledText;
use crate::tag_group::{TagGroup, spelling};

/// A word of a text's lattice.
pub(super) struct Node {
    pub(super) entry: usize,
    pub(super) left: usize,
    pub(super) right: usize,
    /// Bounds in characters.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) after_space: bool,
    /// Position at which the words end that may precede it.
    pub(super) follows: usize,
    /// Worth of the labels that the word has.
    pub(super) worth: f32,
}

/// Returns the words of a text's lattice, ordered by start.
pub(super) fn nodes(view: &View<'_>, worker: &mut Worker<'_>, text: &LabelledText<'_>) -> Vec<Node> {
    worker
        .lattice(text.text)
        .filter_map(|word| node(view, text, &word))
        .collect()
}

fn node(view: &View<'_>, text: &LabelledText<'_>, word: &LatticeWord) -> Option<Node> {
    let number = word.entry? as usize;
    let entry = view.entries.get(number)?;
    let mut node = Node {
        entry: number,
        left: usize::from(entry.left),
        right: usize::from(entry.right),
        start: word.characters.start,
        end: word.characters.end,
        after_space: word.characters.start > word.follows,
        follows: word.follows,
        worth: 0.0,
    };
    node.worth = worth(view, text, &node, &text.text[word.bytes.clone()]);
    Some(node)
}

/// Returns the worth of the labels that start within a word and that the word has: all of it with the same tag,
/// 0.9 of it with a tag of the same group, and half of it with any other tag.
fn worth(view: &View<'_>, text: &LabelledText<'_>, node: &Node, surface: &str) -> f32 {
    let labels = text.labels_within(node.start, node.end);
    let mut found = 0_u64;
    let mut worth = 0.0;
    each_morpheme(view, node.entry, surface, |form, tag| {
        for (place, label) in labels.iter().enumerate().take(64) {
            if found >> place & 1 == 0 && spelling(form, tag).eq(label.form.chars()) {
                found |= 1 << place;
                worth += match (tag == label.tag, agree(tag, label.tag)) {
                    (true, _) => label.worth,
                    (false, true) => label.worth * 0.9,
                    (false, false) => label.worth * 0.5,
                };
                break;
            }
        }
    });
    worth
}

fn agree(tag: Tag, label: Tag) -> bool {
    let (tag, label) = (TagGroup::of(tag), TagGroup::of(label));
    tag == label || (tag == TagGroup::Affix && label != TagGroup::Symbol)
}

/// Calls `found` with form and tag of each morpheme of a word.
pub(super) fn each_morpheme(view: &View<'_>, entry: usize, surface: &str, mut found: impl FnMut(&str, Tag)) {
    let offset = view.analyses.get(entry);
    let Some(analysis) = offset.and_then(|&offset| Analysis::read(view.pool, offset)) else {
        return;
    };
    if analysis.is_expanded() {
        analysis.parts(surface).for_each(|(form, tag)| found(form, tag));
    } else {
        found(surface, analysis.tag());
    }
}
