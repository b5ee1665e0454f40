//! The flat file that a dictionary is: a header, a table of sections, the sections.
//!
//! ```text
//!  0  magic "KO-MORPH"
//!  8  format version, u32
//! 12  number of sections, u32
//! 16  length of the whole image, u64
//! 24  XXH64 of everything from the first section to the end, u64
//! 32  for each section: offset from the image's start, length in bytes; u64 each
//!  n  XXH64 of everything before it, u64
//!     the sections in the order of `Section`, each aligned to 64 bytes, zeros between
//! ```
//!
//! All numbers are little-endian. What a section holds is read in place, so a section's bounds, its
//! alignment and its shape are checked here, once; what its numbers point at is checked where they are
//! followed, because checking all of it would mean to read 42 MB before the first word.

use std::ops::Range;
use std::path::PathBuf;

use bytemuck::{AnyBitPattern, NoUninit, Pod, Zeroable};
use xxhash_rust::xxh64::xxh64;

use crate::trie::{Trie, Unit};

#[cfg(target_endian = "big")]
compile_error!("an image is read in place and is little-endian");

pub(crate) const MAGIC: [u8; 8] = *b"KO-MORPH";
pub(crate) const FORMAT: u32 = 4;
/// Of the checksums (XXH64), which guard against damage, not against malice.
pub(crate) const SEED: u64 = 0;
pub(crate) const ALIGNMENT: usize = 64;
pub(crate) const FIXED_HEADER: usize = 32;
pub(crate) const HEADER: usize = FIXED_HEADER + Section::COUNT * 16 + 8;

/// The sections, in the order in which they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Section {
    /// Name and version of the dictionary, UTF-8.
    Name,
    /// One [`Figures`].
    Figures,
    /// One `u32` for each character of the basic multilingual plane: see [`crate::character`].
    Characters,
    /// [`Category`]: one for each different behaviour of characters in unknown words.
    Categories,
    /// [`Unit`]: the double array over the surfaces.
    Trie,
    /// [`Entry`]: the words, homographs side by side in MeCab's order, then the unknown words.
    Entries,
    /// One `u32` for each entry: where in `Pool` its analysis is.
    Analyses,
    /// Analyses: see [`crate::analysis`].
    Pool,
    /// `i16` costs of connections: a row for each left id of the right word, a column for each right id of
    /// the left word, then [`WINDOW`] zeros.
    Connections,
    /// [`Penalty`]: what a word of this class costs more beside a space.
    Penalties,
}

impl Section {
    pub(crate) const ALL: [Section; 10] = [
        Section::Name,
        Section::Figures,
        Section::Characters,
        Section::Categories,
        Section::Trie,
        Section::Entries,
        Section::Analyses,
        Section::Pool,
        Section::Connections,
        Section::Penalties,
    ];
    pub(crate) const COUNT: usize = Section::ALL.len();
}

/// What there is once in an image.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Figures {
    /// The words of the dictionary; entries behind them stand for unknown words.
    pub known_entries: u32,
    pub left_ids: u32,
    pub right_ids: u32,
    /// A sentence's end as a right word, its start as a left word.
    pub sentence_left: u16,
    pub sentence_right: u16,
    /// Left and right id of a user's word: NNG without and with final consonant, NNP without and with.
    pub templates: [[u16; 2]; 4],
    /// What each of these costs more than a user's word says, and its class of penalties.
    pub template_costs: [i16; 4],
    pub template_penalties: [u16; 4],
    /// The first of the entries of unknown nouns, see [`UNKNOWN_NOUNS`]; 0 where there are none.
    pub unknown_nouns: u32,
}

/// Lengths in syllables that an unknown noun may have.
pub(crate) const NOUN_LENGTHS: std::ops::RangeInclusive<usize> = 2..=5;
/// How many entries stand for unknown nouns: for each length one without and one with a final consonant.
pub(crate) const UNKNOWN_NOUNS: u32 = 8;

/// What a word costs more beside a space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Penalty {
    /// Where a space stands before it.
    pub before: i16,
    /// Where a space stands behind it.
    pub behind: i16,
}

/// A word as the search for the best path needs it.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Entry {
    pub left: u16,
    pub right: u16,
    pub cost: i16,
    /// Which of the penalties it pays beside a space.
    pub penalty: u16,
}

/// How unknown words that start with a character are made.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Category {
    /// The kinds that the character is of, one bit each; a group goes on while neighbours share one.
    pub kinds: u32,
    /// [`Category::INVOKE`] and the like.
    pub flags: u16,
    /// Candidates of 1 to this many characters.
    pub length: u16,
    /// The entries that its unknown words have.
    pub first_entry: u32,
    pub entries: u32,
}

/// So many costs can be read from the start of any row of connections: any number of 16 bits is the place of one.
pub(crate) const WINDOW: usize = 0x1_0000;

/// How many words may have one surface: what a leaf of the trie has room for.
pub(crate) const MOST_HOMOGRAPHS: u32 = 127;

impl Category {
    /// Unknown words even where the dictionary knows one.
    pub const INVOKE: u16 = 1;
    /// One candidate that takes the whole run of such characters.
    pub const GROUP: u16 = 2;
    /// The character separates words and belongs to none.
    pub const SPACE: u16 = 4;

    pub fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// Why an image cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file cannot be opened or mapped.
    #[error("could not read the dictionary image {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is some other file.
    #[error("this is no dictionary image: it does not start with KO-MORPH")]
    Foreign,
    /// Another version of the format.
    #[error("the dictionary image has format {found}, this program reads format {FORMAT}: make it again")]
    Format {
        /// The format it says it has.
        found: u32,
    },
    /// It is shorter or longer than it says, as after a broken copy.
    #[error("the dictionary image should be {expected} bytes long and is {found}")]
    Length {
        /// The length its header names.
        expected: u64,
        /// The length it has.
        found: u64,
    },
    /// It starts at an address that is not a multiple of 8: use [`include_image!`](crate::include_image).
    #[error("the dictionary image is not aligned in memory")]
    Unaligned,
    /// Something in it contradicts something else.
    #[error("the dictionary image is damaged: {0}")]
    Damaged(&'static str),
}

/// A dictionary image's sections as slices of what they hold.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub name: &'a str,
    pub hash: u64,
    pub figures: &'a Figures,
    pub characters: &'a [u32],
    pub categories: &'a [Category],
    pub trie: Trie<'a>,
    pub entries: &'a [Entry],
    pub analyses: &'a [u32],
    pub pool: &'a [u8],
    pub connections: &'a [i16],
    pub penalties: &'a [Penalty],
}

impl<'a> View<'a> {
    /// Reads the header and cuts the sections. Reads a few hundred bytes, whatever the image's size.
    pub fn parse(image: &'a [u8]) -> Result<Self, ImageError> {
        if image.get(..8) != Some(&MAGIC) {
            return Err(ImageError::Foreign);
        }
        let damaged = ImageError::Damaged;
        let header = image.get(..HEADER).ok_or(damaged("its header is cut off"))?;
        let format = number(header, 8, 4) as u32;
        if format != FORMAT {
            return Err(ImageError::Format { found: format });
        }
        if number(header, HEADER - 8, 8) != xxh64(&header[..HEADER - 8], SEED) {
            return Err(damaged("its header does not have the checksum it should have"));
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

        let bytes = |section: Section| image.get(bounds(header, section)?);
        let figures: &[Figures] = typed(bytes(Section::Figures), "section of figures")?;
        let view = Self {
            name: bytes(Section::Name)
                .and_then(|name| std::str::from_utf8(name).ok())
                .ok_or(damaged("section of its name"))?,
            hash: number(header, 24, 8),
            figures: figures.first().ok_or(damaged("section of figures"))?,
            characters: typed(bytes(Section::Characters), "section of characters")?,
            categories: typed(bytes(Section::Categories), "section of categories")?,
            trie: Trie::new(typed::<Unit>(bytes(Section::Trie), "section of the trie")?),
            entries: typed(bytes(Section::Entries), "section of entries")?,
            analyses: typed(bytes(Section::Analyses), "section of analyses")?,
            pool: bytes(Section::Pool).ok_or(damaged("section of the pool"))?,
            connections: typed(bytes(Section::Connections), "section of connections")?,
            penalties: typed(bytes(Section::Penalties), "section of penalties")?,
        };
        view.check_shape()?;
        Ok(view)
    }

    /// Whether the content is what the builder wrote. Reads all of it.
    pub fn verify(image: &'a [u8]) -> Result<(), ImageError> {
        let view = Self::parse(image)?;
        if image.get(HEADER..).map(|content| xxh64(content, SEED)) != Some(view.hash) {
            return Err(ImageError::Damaged(
                "its content does not have the checksum it should have",
            ));
        }
        Ok(())
    }

    fn check_shape(&self) -> Result<(), ImageError> {
        let Figures {
            known_entries,
            left_ids,
            right_ids,
            sentence_left,
            sentence_right,
            templates,
            unknown_nouns,
            ..
        } = *self.figures;
        let ids_exist = |[left, right]: [u16; 2]| u32::from(left) < left_ids && u32::from(right) < right_ids;
        let right = [
            (
                self.characters.len() == 0x1_0000,
                "it does not have a number for each character",
            ),
            (!self.categories.is_empty(), "it has no categories of characters"),
            (
                self.categories.iter().all(|category| self.has_entries(category)),
                "it has a category without words",
            ),
            (
                known_entries as usize <= self.entries.len(),
                "it has less entries than it says",
            ),
            (
                unknown_nouns == 0
                    || u64::from(unknown_nouns) + u64::from(UNKNOWN_NOUNS) <= self.entries.len() as u64,
                "it names unknown nouns that it does not have",
            ),
            (
                self.entries.len() == self.analyses.len(),
                "entries and analyses are not equally many",
            ),
            (
                self.connections.len() as u64 == u64::from(left_ids) * u64::from(right_ids) + WINDOW as u64,
                "its table of connections does not have the size it should have",
            ),
            (
                ids_exist([sentence_left, sentence_right]) && templates.into_iter().all(ids_exist),
                "it names connections that it does not have",
            ),
        ];
        match right.into_iter().find(|(holds, _)| !holds) {
            Some((_, problem)) => Err(ImageError::Damaged(problem)),
            None => Ok(()),
        }
    }
}

impl View<'_> {
    fn has_entries(&self, category: &Category) -> bool {
        let end = u64::from(category.first_entry) + u64::from(category.entries);
        (1..=MOST_HOMOGRAPHS).contains(&category.entries) && end <= self.entries.len() as u64
    }
}

/// A little-endian number out of a header; 0 outside of it.
fn number(header: &[u8], offset: usize, length: usize) -> u64 {
    let bytes = header.get(offset..offset + length).unwrap_or_default();
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn bounds(header: &[u8], section: Section) -> Option<Range<usize>> {
    let row = FIXED_HEADER + section as usize * 16;
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

/// Bytes at an address that an image can be read at.
#[doc(hidden)]
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

/// Embeds an image in the program: `include_bytes!`, at an address that it can be read at.
///
/// ```
/// use ko_morph::{Dictionary, include_image};
///
/// // In a program it is the path of an image; anything else is refused.
/// let file = include_image!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
/// assert!(Dictionary::from_static(file).is_err());
/// ```
#[macro_export]
macro_rules! include_image {
    ($path:expr $(,)?) => {{
        static IMAGE: &$crate::Aligned<[u8]> = &$crate::Aligned(*include_bytes!($path));
        let image: &'static [u8] = &IMAGE.0;
        image
    }};
}
