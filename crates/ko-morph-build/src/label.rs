use ko_morph::{CHUNK_BYTES, Tag};

use crate::tag_group::{TagGroup, spelling};

/// A text and the morphemes that it should have.
pub(crate) struct LabelledText<'a> {
    pub(crate) text: &'a str,
    /// Labels, ordered by start.
    pub(crate) labels: Vec<Label<'a>>,
}

/// A morpheme that a text should have.
#[derive(Clone)]
pub(crate) struct Label<'a> {
    /// Form as the labels write it.
    pub(crate) original: &'a str,
    /// Form in the [spelling] in which forms are compared.
    pub(crate) form: String,
    pub(crate) tag: Tag,
    /// Bounds in characters of the text. The morphemes of a contraction overlap, and an omitted copula is empty.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Reward for a path that has this morpheme: the number of characters, half as much again for nouns, and 0 for
    /// symbols.
    pub(crate) worth: f32,
}

/// An error of a line of labels that does not have the form `text<TAB>form/tag/start/length…`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the labels is malformed: {problem}")]
pub struct LabelError {
    /// Number of the line, from 1.
    pub line: usize,
    /// Description of the problem.
    pub problem: String,
}

/// Parses the lines of labels. Skips texts without morphemes and those that are longer than a chunk.
pub(crate) fn parse(labels: &str) -> Result<Vec<LabelledText<'_>>, LabelError> {
    let mut texts = Vec::new();
    for (line, number) in labels.lines().zip(1..) {
        let text = LabelledText::parse(line).map_err(|problem| LabelError {
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
    pub(crate) fn labels_within(&self, start: usize, end: usize) -> &[Label<'a>] {
        let first = self.labels.partition_point(|label| label.start < start);
        let labels = &self.labels[first..];
        &labels[..labels.partition_point(|label| label.start < end)]
    }
}

impl<'a> Label<'a> {
    fn parse(field: &'a str, text_length: usize) -> Result<Self, String> {
        let mut parts = field.rsplitn(4, '/');
        let (Some(length), Some(start), Some(tag), Some(original)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("{field:?}, expected form/tag/start/length"));
        };
        let number = |name, text: &str| {
            text.parse::<usize>()
                .map_err(|_| format!("{name} {text:?}, expected a number"))
        };
        let (start, length) = (number("start", start)?, number("length", length)?);
        if start >= text_length {
            return Err(format!("{field:?} starts after the end of the text"));
        }
        let tag = tag.parse::<Tag>().map_err(|error| error.to_string())?;
        let form: String = spelling(original, tag).collect();
        let characters = form.chars().count() as f32;
        let worth = match TagGroup::of(tag) {
            TagGroup::Symbol => 0.0,
            TagGroup::Noun => characters * 1.5,
            _ => characters,
        };
        Ok(Self {
            original,
            form,
            tag,
            start,
            end: start.saturating_add(length).min(text_length),
            worth,
        })
    }
}
