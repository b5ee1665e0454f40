//! The dictionary image: the flat file that holds a dictionary.
//!
//! Analysing text needs only [`Dictionary`](crate::Dictionary). This module is for programs that build or
//! inspect images: [`layout`] defines the file, and [`View`] gives access to its sections.

mod analysis;
pub mod layout;
mod trie;

use std::ops::Range;
use std::path::PathBuf;

use bytemuck::{AnyBitPattern, NoUninit};
use xxhash_rust::xxh64::xxh64;

pub use self::analysis::{Analysis, Parts};
use self::layout::{
    ALIGNMENT, CHECKSUM_SEED, Category, Entry, FORMAT, HEADER, MAGIC, MOST_HOMOGRAPHS, Parameters, Penalty,
    SECTION_TABLE, Section, TEMPLATES, UNKNOWN_NOUNS, Unit, WINDOW,
};
pub use self::trie::Trie;

#[cfg(target_endian = "big")]
compile_error!("an image is little-endian and is read in place");

/// An error of a dictionary image that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file cannot be opened or mapped.
    #[error("could not read the dictionary image {}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The file is not a dictionary image.
    #[error("not a dictionary image: it does not start with KO-MORPH")]
    Foreign,
    /// The image has a format that this version of the crate cannot read.
    #[error("the dictionary image has format {found}, expected {FORMAT}; build the image again")]
    Format {
        /// Format version in the header.
        found: u32,
    },
    /// The image is shorter or longer than its header states, as after an incomplete copy.
    #[error("the dictionary image has {found} bytes, expected {expected}; copy or build it again")]
    Length {
        /// Length in the header, in bytes.
        expected: u64,
        /// Actual length in bytes.
        found: u64,
    },
    /// The image starts at an address that is not a multiple of 8.
    #[error("the dictionary image is not aligned to 8 bytes in memory; embed it with include_image!")]
    Unaligned,
    /// The content of the image contradicts itself.
    #[error("the dictionary image is damaged: {0}")]
    Damaged(&'static str),
}

/// The sections of a dictionary image as typed slices.
///
/// [`parse`](Self::parse) checks the bounds, alignment and shape of every section. It does not check the
/// numbers inside, because that would read the whole image before the first word: a user of a view must expect
/// ids and offsets that point outside.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Name and version of the dictionary.
    pub name: &'a str,
    /// XXH64 of the content, as the header states it.
    pub hash: u64,
    /// Values that the image has once.
    pub parameters: &'a Parameters,
    /// Packed characters, indexed by their number in the basic multilingual plane.
    pub characters: &'a [u32],
    /// Categories of characters.
    pub categories: &'a [Category],
    /// Surfaces of the words.
    pub trie: Trie<'a>,
    /// Words of the dictionary, then unknown words.
    pub entries: &'a [Entry],
    /// Offset of each entry's [`Analysis`] in `pool`.
    pub analyses: &'a [u32],
    /// Encoded analyses.
    pub pool: &'a [u8],
    /// Connection costs: a row for each left id, then [`WINDOW`] zeros.
    pub connections: &'a [i16],
    /// Costs beside a space, indexed by [`Entry::penalty`].
    pub penalties: &'a [Penalty],
    /// Ids, additional costs and penalties of a user's words, indexed by [`template`](layout::template).
    pub templates: &'a [Entry],
}

impl<'a> View<'a> {
    /// Reads the header of an image and locates its sections. Reads a few hundred bytes, whatever the size of
    /// the image.
    ///
    /// # Errors
    /// Every [`ImageError`] except `Read`.
    pub fn parse(image: &'a [u8]) -> Result<Self, ImageError> {
        let header = header(image)?;
        let bytes = |section: Section| image.get(bounds(header, section)?);
        let parameters: &[Parameters] = typed(bytes(Section::Parameters), "section of parameters")?;
        let damaged = ImageError::Damaged;
        let view = Self {
            name: bytes(Section::Name)
                .and_then(|name| std::str::from_utf8(name).ok())
                .ok_or(damaged("section of the name"))?,
            hash: number(header, 24, 8),
            parameters: parameters.first().ok_or(damaged("section of parameters"))?,
            characters: typed(bytes(Section::Characters), "section of characters")?,
            categories: typed(bytes(Section::Categories), "section of categories")?,
            trie: Trie::new(typed::<Unit>(bytes(Section::Trie), "section of the trie")?),
            entries: typed(bytes(Section::Entries), "section of entries")?,
            analyses: typed(bytes(Section::Analyses), "section of analyses")?,
            pool: bytes(Section::Pool).ok_or(damaged("section of the pool"))?,
            connections: typed(bytes(Section::Connections), "section of connections")?,
            penalties: typed(bytes(Section::Penalties), "section of penalties")?,
            templates: typed(bytes(Section::Templates), "section of templates")?,
        };
        match view.contradiction() {
            Some(problem) => Err(damaged(problem)),
            None => Ok(view),
        }
    }

    /// Compares the content of an image with its checksum. Reads the whole image.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse), and [`ImageError::Damaged`] where the checksum differs.
    pub fn verify(image: &'a [u8]) -> Result<(), ImageError> {
        let view = Self::parse(image)?;
        if image.get(HEADER..).map(|content| xxh64(content, CHECKSUM_SEED)) != Some(view.hash) {
            return Err(ImageError::Damaged("the checksum of its content differs"));
        }
        Ok(())
    }

    /// Returns the first contradiction between the sizes of the sections.
    fn contradiction(&self) -> Option<&'static str> {
        let it = self.parameters;
        let entries = self.entries.len() as u64;
        let ids_exist = |left, right| u32::from(left) < it.left_ids && u32::from(right) < it.right_ids;
        let connections = u64::from(it.left_ids) * u64::from(it.right_ids) + WINDOW as u64;
        let unknown_nouns_end = u64::from(it.unknown_nouns) + u64::from(UNKNOWN_NOUNS);
        let checks = [
            (
                self.characters.len() == 0x1_0000,
                "it does not have 65,536 characters",
            ),
            (!self.categories.is_empty(), "it has no categories of characters"),
            (
                self.categories.iter().all(|category| self.has_entries(category)),
                "a category of characters has no entries",
            ),
            (
                u64::from(it.known_entries) <= entries,
                "it has fewer entries than its parameters state",
            ),
            (
                it.unknown_nouns == 0 || unknown_nouns_end <= entries,
                "its unknown nouns are outside its entries",
            ),
            (
                self.entries.len() == self.analyses.len(),
                "it has different numbers of entries and analyses",
            ),
            (
                self.connections.len() as u64 == connections,
                "its connection table does not have the size that its parameters state",
            ),
            (
                ids_exist(it.sentence_left, it.sentence_right),
                "its parameters name ids that the connection table does not have",
            ),
            (
                self.templates.len() == TEMPLATES,
                "it has another number of templates",
            ),
            (
                self.templates.iter().all(|it| ids_exist(it.left, it.right)),
                "its templates name ids that the connection table does not have",
            ),
        ];
        let failed = checks.into_iter().find(|(holds, _)| !holds);
        failed.map(|(_, problem)| problem)
    }

    fn has_entries(&self, category: &Category) -> bool {
        let end = u64::from(category.first_entry) + u64::from(category.entries);
        (1..=MOST_HOMOGRAPHS).contains(&category.entries) && end <= self.entries.len() as u64
    }
}

/// Returns the header of an image after checking everything but the table of sections.
fn header(image: &[u8]) -> Result<&[u8], ImageError> {
    let damaged = ImageError::Damaged;
    if image.get(..8) != Some(&MAGIC) {
        return Err(ImageError::Foreign);
    }
    let header = image.get(..HEADER).ok_or(damaged("its header is cut off"))?;
    let format = number(header, 8, 4) as u32;
    if format != FORMAT {
        return Err(ImageError::Format { found: format });
    }
    if number(header, HEADER - 8, 8) != xxh64(&header[..HEADER - 8], CHECKSUM_SEED) {
        return Err(damaged("the checksum of its header differs"));
    }
    if number(header, 12, 4) != Section::COUNT as u64 {
        return Err(damaged("it has another number of sections"));
    }
    let (expected, found) = (number(header, 16, 8), image.len() as u64);
    if expected != found {
        return Err(ImageError::Length { expected, found });
    }
    if image.as_ptr().align_offset(8) != 0 {
        return Err(ImageError::Unaligned);
    }
    Ok(header)
}

/// Reads a little-endian number of a header. Returns 0 outside the header.
fn number(header: &[u8], offset: usize, length: usize) -> u64 {
    let bytes = header.get(offset..offset + length).unwrap_or_default();
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn bounds(header: &[u8], section: Section) -> Option<Range<usize>> {
    let row = SECTION_TABLE + section as usize * 16;
    let start = usize::try_from(number(header, row, 8)).ok()?;
    let length = usize::try_from(number(header, row + 8, 8)).ok()?;
    (start >= HEADER && start.is_multiple_of(ALIGNMENT)).then_some(start..start.checked_add(length)?)
}

fn typed<'a, T: AnyBitPattern + NoUninit>(
    bytes: Option<&'a [u8]>,
    section: &'static str,
) -> Result<&'a [T], ImageError> {
    bytes
        .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
        .ok_or(ImageError::Damaged(section))
}

/// A value at an address from which an image can be read. [`include_image!`](crate::include_image) uses it.
#[doc(hidden)]
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

/// Embeds an image in the program and returns it as `&'static [u8]`.
///
/// Works like [`include_bytes!`], at an address from which [`Dictionary::from_static`](crate::Dictionary::from_static)
/// can read the image.
///
/// ```
/// use ko_morph::{Dictionary, ImageError, include_image};
///
/// // A program names its image here. Any other file is refused.
/// let file = include_image!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
/// assert!(matches!(Dictionary::from_static(file), Err(ImageError::Foreign)));
/// ```
#[macro_export]
macro_rules! include_image {
    ($path:expr $(,)?) => {{
        static IMAGE: &$crate::Aligned<[u8]> = &$crate::Aligned(*include_bytes!($path));
        let image: &'static [u8] = &IMAGE.0;
        image
    }};
}
