//! What a word is made of, as the pool of an image holds it:
//!
//! ```text
//! shape, u8              bits EXPANDED and OWN_TEXT
//! tag, u8                of the word as a whole
//! length, u8; bytes      the tag as MeCab prints it, which may be composite ("VV+EP")
//! parts, u8              number of parts; for each:
//!     tag, u8
//!     length, u8         in bytes
//!     bytes              only with OWN_TEXT: otherwise the parts are pieces of the word's own text
//! ```

use crate::tag::Tag;

/// The parts are the analysis: the word itself is none, as with inflected verbs.
pub(crate) const EXPANDED: u8 = 1;
/// The parts are not pieces of the word (고춧값 is 고추 and 값).
pub(crate) const OWN_TEXT: u8 = 2;

/// An analysis in an image's pool.
#[derive(Clone, Copy)]
pub(crate) struct Analysis<'a> {
    shape: u8,
    pub tag: Tag,
    label: &'a [u8],
    parts: u8,
    rest: &'a [u8],
}

impl<'a> Analysis<'a> {
    /// Reads the analysis at an offset: `None` if there is none, as in a damaged image.
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

    /// A whole word without parts.
    pub fn plain(tag: Tag) -> Self {
        Self {
            shape: 0,
            tag,
            label: tag.as_str().as_bytes(),
            parts: 0,
            rest: &[],
        }
    }

    /// The tag as MeCab prints it.
    pub fn label(&self) -> &'a str {
        // Only a damaged image has others than ASCII.
        std::str::from_utf8(self.label).unwrap_or(Tag::UNKNOWN.as_str())
    }

    pub fn is_expanded(&self) -> bool {
        self.shape & EXPANDED != 0 && self.parts > 0
    }

    /// The parts of a word with this surface.
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

/// The parts of a word: of a compound noun its nouns, in their order. Empty for a simple word.
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
            // Only a damaged image has a part that cannot be read.
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
