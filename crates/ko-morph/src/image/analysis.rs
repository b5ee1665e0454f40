use super::layout::{EXPANDED, OWN_TEXT};
use crate::tag::Tag;

/// The composition of a word: its tag and its parts.
///
/// The pool of an image encodes it as:
///
/// ```text
/// shape, u8              flags EXPANDED and OWN_TEXT of `layout`
/// tag, u8                tag of the whole word
/// length, u8; bytes      tag as MeCab prints it, which may be composite ("VV+EP")
/// parts, u8              number of parts; for each:
///     tag, u8
///     length, u8         in bytes
///     bytes              only with OWN_TEXT; otherwise the parts are consecutive pieces of the surface
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Analysis<'a> {
    shape: u8,
    tag: Tag,
    label: &'a [u8],
    parts: u8,
    rest: &'a [u8],
}

impl<'a> Analysis<'a> {
    /// Reads the analysis at an offset of a pool. Returns `None` where the pool is damaged.
    pub fn read(pool: &'a [u8], offset: u32) -> Option<Self> {
        let &[shape, tag, label_length, ref rest @ ..] = pool.get(offset as usize..)? else {
            return None;
        };
        let (label, rest) = rest.split_at_checked(usize::from(label_length))?;
        let (&parts, rest) = rest.split_first()?;
        Some(Self {
            shape,
            tag: Tag::from_number(tag)?,
            label,
            parts,
            rest,
        })
    }

    /// Encodes the analysis of a word for [`read`](Self::read). `label` is its tag as MeCab prints it. With `expanded`, the
    /// parts are the morphemes of the word.
    ///
    /// # Errors
    /// A description of the problem, when there are more than 255 parts or a text has more than 255 bytes.
    pub fn encode(
        surface: &str,
        label: &str,
        tag: Tag,
        expanded: bool,
        parts: &[(String, Tag)],
    ) -> Result<Vec<u8>, String> {
        let own_text = parts.iter().map(|(text, _)| text.as_str()).collect::<String>() != surface;
        let mut shape = 0;
        shape |= if expanded { EXPANDED } else { 0 };
        shape |= if own_text { OWN_TEXT } else { 0 };
        let mut bytes = vec![shape, tag as u8, length(label)?];
        bytes.extend(label.bytes());
        bytes.push(u8::try_from(parts.len()).map_err(|_| "more than 255 parts".to_owned())?);
        for (text, tag) in parts {
            bytes.extend([*tag as u8, length(text)?]);
            if own_text {
                bytes.extend(text.bytes());
            }
        }
        Ok(bytes)
    }

    /// Returns the analysis of a word without parts.
    pub fn simple(tag: Tag) -> Self {
        Self {
            shape: 0,
            tag,
            label: tag.as_str().as_bytes(),
            parts: 0,
            rest: &[],
        }
    }

    /// Tag of the whole word; of an [expanded](Self::is_expanded) word the tag of its first morpheme.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// Tag as MeCab prints it: of an inflected word the tags of its morphemes, joined with `+`.
    pub fn label(&self) -> &'a str {
        // Only a damaged image has a label that is not ASCII.
        std::str::from_utf8(self.label).unwrap_or(Tag::UNKNOWN.as_str())
    }

    /// Reports whether the parts are the morphemes of the word, as in inflected verbs. Otherwise the word
    /// itself is a morpheme.
    pub fn is_expanded(&self) -> bool {
        self.shape & EXPANDED != 0 && self.parts > 0
    }

    /// Returns the parts of a word with this surface.
    pub fn parts<'t>(&self, surface: &'t str) -> Parts<'t>
    where
        'a: 't,
    {
        Parts {
            left: self.parts,
            own_text: self.shape & OWN_TEXT != 0,
            surface,
            rest: self.rest,
        }
    }
}

fn length(text: &str) -> Result<u8, String> {
    u8::try_from(text.len()).map_err(|_| format!("{text:?} has {} bytes, expected at most 255", text.len()))
}

/// An iterator over the parts of a word, each a text and its tag, in their order.
///
/// Empty for a word without parts.
#[derive(Clone, Debug, Default)]
pub struct Parts<'t> {
    left: u8,
    own_text: bool,
    surface: &'t str,
    rest: &'t [u8],
}

impl<'t> Iterator for Parts<'t> {
    type Item = (&'t str, Tag);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let part = self.read();
        if part.is_none() {
            // Only a damaged image has an unreadable part.
            self.left = 0;
        }
        part
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(usize::from(self.left)))
    }
}

impl<'t> Parts<'t> {
    fn read(&mut self) -> Option<(&'t str, Tag)> {
        let &[tag, length, ref rest @ ..] = self.rest else {
            return None;
        };
        let length = usize::from(length);
        let text = if self.own_text {
            let (text, rest) = rest.split_at_checked(length)?;
            self.rest = rest;
            std::str::from_utf8(text).ok()?
        } else {
            self.rest = rest;
            let (text, rest) = self.surface.split_at_checked(length)?;
            self.surface = rest;
            text
        };
        Some((text, Tag::from_number(tag)?))
    }
}
