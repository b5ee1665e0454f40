use ko_morph::Tag;

use crate::hangul::is_hangul;
use crate::label::{Label, LabelledText};
use crate::tag_group::{TagGroup, spelling};

/// Most characters of a segment.
const LONGEST: usize = 8;

/// A piece of a labelled text that is no longer divided: one morpheme, or several that share characters (건 for 거 and
/// ㄴ).
pub(crate) struct Segment<'t> {
    pub(crate) surface: &'t str,
    /// Bounds in characters of the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) labels: &'t [Label<'t>],
}

/// Returns the segments of a text that can be words of a dictionary, in order.
pub(crate) fn segments<'t>(text: &'t LabelledText<'_>) -> Vec<Segment<'t>> {
    let offsets: Vec<usize> = text
        .text
        .char_indices()
        .map(|(offset, _)| offset)
        .chain([text.text.len()])
        .collect();
    let mut segments = Vec::new();
    let mut first = 0;
    while let Some(label) = text.labels.get(first) {
        let (start, mut end, mut after) = (label.start, label.end, first + 1);
        while let Some(next) = text.labels.get(after)
            && (next.start < end || next.start == start)
        {
            end = end.max(next.end);
            after += 1;
        }
        let segment = Segment {
            surface: &text.text[offsets[start]..offsets[end]],
            start,
            end,
            labels: &text.labels[first..after],
        };
        if segment.is_word() {
            segments.push(segment);
        }
        first = after;
    }
    segments
}

impl Segment<'_> {
    fn is_word(&self) -> bool {
        let is_morpheme = |label: &Label<'_>| {
            is_hangul(label.original)
                && !matches!(TagGroup::of(label.tag), TagGroup::Symbol | TagGroup::Other)
        };
        // The copula may be left out after a vowel. Any other morpheme without characters belongs to the word before.
        let first = self.labels.first();
        let is_complete = first.is_some_and(|label| label.start < label.end || label.tag == Tag::VCP);
        is_complete
            && self.end - self.start <= LONGEST
            && is_hangul(self.surface)
            && self.labels.iter().all(is_morpheme)
    }
}

/// Formats morphemes so that equal analyses are equal texts: in one [spelling], and with one tag for all bound nouns.
pub(crate) fn analysis_key<'m>(morphemes: impl IntoIterator<Item = (&'m str, Tag)>) -> String {
    let mut key = String::new();
    for (form, tag) in morphemes {
        let shared = if tag == Tag::NNBC { Tag::NNB } else { tag };
        key.extend(spelling(form, tag));
        key.extend(["/", shared.as_str(), "+"]);
    }
    key
}
