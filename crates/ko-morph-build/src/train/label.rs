use ko_morph::{CHUNK_BYTES, Tag};

use super::TrainError;
use super::tag_group::{TagGroup, spelling};

/// A text and the morphemes that it should have.
pub(super) struct LabelledText<'a> {
    pub(super) text: &'a str,
    /// Labels, ordered by start.
    pub(super) labels: Vec<Label>,
}

pub(super) struct Label {
    pub(super) form: String,
    pub(super) tag: Tag,
    /// Position of the first character in the text.
    pub(super) start: usize,
    /// Reward for a path that has this morpheme: the number of characters, half as much again for nouns, and 0 for
    /// symbols.
    pub(super) worth: f32,
}

/// Parses the lines of labels. Skips texts without morphemes and those that are longer than a chunk.
pub(super) fn parse(labels: &str) -> Result<Vec<LabelledText<'_>>, TrainError> {
    let mut texts = Vec::new();
    for (line, number) in labels.lines().zip(1..) {
        let text = LabelledText::parse(line).map_err(|problem| TrainError::Label {
            line: number,
            problem,
        })?;
        if text.text.len() < CHUNK_BYTES && !text.labels.is_empty() {
            texts.push(text);
        }
    }
    Ok(texts)
}

impl<'a> LabelledText<'a> {
    fn parse(line: &'a str) -> Result<Self, String> {
        let mut fields = line.split('\t');
        let text = fields.next().unwrap_or_default();
        let length = text.chars().count();
        let mut labels = fields
            .map(|field| Label::parse(field, length))
            .collect::<Result<Vec<_>, _>>()?;
        labels.sort_by_key(|label| label.start);
        Ok(Self { text, labels })
    }

    /// Returns the labels that start within a range of characters.
    pub(super) fn labels_within(&self, start: usize, end: usize) -> &[Label] {
        let first = self.labels.partition_point(|label| label.start < start);
        let labels = &self.labels[first..];
        &labels[..labels.partition_point(|label| label.start < end)]
    }
}

impl Label {
    fn parse(field: &str, text_length: usize) -> Result<Self, String> {
        let mut parts = field.rsplitn(3, '/');
        let (Some(start), Some(tag), Some(form)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("{field:?}, expected form/tag/start"));
        };
        let start: usize = start
            .parse()
            .map_err(|_| format!("start {start:?}, expected a number"))?;
        if start >= text_length {
            return Err(format!("{field:?} starts after the end of the text"));
        }
        let tag = tag.parse::<Tag>().map_err(|error| error.to_string())?;
        let form: String = spelling(form, tag).collect();
        let characters = form.chars().count() as f32;
        let worth = match TagGroup::of(tag) {
            TagGroup::Symbol => 0.0,
            TagGroup::Noun => characters * 1.5,
            _ => characters,
        };
        Ok(Self {
            form,
            tag,
            start,
            worth,
        })
    }
}
