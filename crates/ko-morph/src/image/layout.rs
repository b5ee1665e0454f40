//! Layout of a dictionary image: the header, the sections and their records.
//!
//! A builder writes an image through these types, and the analyser reads them in place.
//!
//! ```text
//!  0  magic "KO-MORPH"
//!  8  format version, u32
//! 12  number of sections, u32
//! 16  length of the whole image in bytes, u64
//! 24  XXH64 of everything from the end of the header to the end of the image, u64
//! 32  for each section: offset from the start of the image, length in bytes; u64 each
//!  n  XXH64 of everything before it, u64
//!     the sections in the order of `Section::ALL`, each aligned to 64 bytes, with zeros between
//! ```
//!
//! All numbers are little-endian.

use bytemuck::{Pod, Zeroable};

use crate::tag::Tag;

/// First eight bytes of every image.
pub const MAGIC: [u8; 8] = *b"KO-MORPH";

/// Format version that this crate reads.
pub const FORMAT: u32 = 5;

/// XXH64 seed of both checksums, which detect damage but no malicious change.
pub const CHECKSUM_SEED: u64 = 0;

/// Alignment of each section in bytes.
pub const ALIGNMENT: usize = 64;

/// Offset of the table of sections.
pub const SECTION_TABLE: usize = 32;

/// Length of the header in bytes: the fixed fields, the table of sections and the checksum.
pub const HEADER: usize = SECTION_TABLE + Section::COUNT * 16 + 8;

/// A section of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Name and version of the dictionary, UTF-8.
    Name,
    /// A single [`Parameters`] record.
    Parameters,
    /// One [packed](pack_character) `u32` for each of the 65,536 characters of the basic multilingual plane.
    Characters,
    /// [`Category`] records, one for each distinct behaviour of characters in unknown words.
    Categories,
    /// [`Unit`] records: the double array over the surfaces.
    Trie,
    /// [`Entry`] records: the words, with homographs side by side in MeCab's order, then the unknown words.
    Entries,
    /// One `u32` for each entry: the offset of its analysis in `Pool`.
    Analyses,
    /// Analyses in the encoding of [`Analysis`](crate::image::Analysis).
    Pool,
    /// `i16` connection costs: a row for each left id of the following word, a column for each right id of the
    /// preceding word, then [`WINDOW`] zeros.
    Connections,
    /// [`Penalty`] records, indexed by [`Entry::penalty`].
    Penalties,
    /// [`Entry`] records, indexed by [`template`]: ids, additional cost and penalty of a user's word.
    Templates,
}

impl Section {
    /// Every section, in the order in which an image holds them.
    pub const ALL: [Section; 11] = [
        Section::Name,
        Section::Parameters,
        Section::Characters,
        Section::Categories,
        Section::Trie,
        Section::Entries,
        Section::Analyses,
        Section::Pool,
        Section::Connections,
        Section::Penalties,
        Section::Templates,
    ];

    /// Number of sections.
    pub const COUNT: usize = Section::ALL.len();
}

/// Values that an image has once.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Parameters {
    /// Number of entries that are words of the dictionary; the entries after them stand for unknown words.
    pub known_entries: u32,
    /// Number of left ids: rows of the connection table.
    pub left_ids: u32,
    /// Number of right ids: columns of the connection table.
    pub right_ids: u32,
    /// Left id of the end of a sentence.
    pub sentence_left: u16,
    /// Right id of the start of a sentence.
    pub sentence_right: u16,
    /// Number of the first of the [`UNKNOWN_NOUNS`] entries, or 0 in an image without unknown nouns.
    pub unknown_nouns: u32,
}

/// Number of templates: for each tag one without and one with a final consonant.
pub const TEMPLATES: usize = Tag::ALL.len() * 2;

/// Returns the index of the template for words with a tag, without or with a final consonant.
pub fn template(tag: Tag, final_consonant: bool) -> usize {
    tag as usize * 2 + usize::from(final_consonant)
}

/// Lengths of an unknown noun in syllables.
pub const NOUN_LENGTHS: std::ops::RangeInclusive<usize> = 2..=5;

/// Number of entries for unknown nouns: for each length one without and one with a final consonant.
pub const UNKNOWN_NOUNS: u32 = 8;

/// Packs the trie's code of a character and the index of its [`Category`] into one number.
///
/// Code 0 marks a character that no word has. Characters outside the basic multilingual plane behave like
/// U+FFFF, as in MeCab, where they have the default category.
pub fn pack_character(code: u16, category: u16) -> u32 {
    u32::from(category) << 16 | u32::from(code)
}

/// Returns the trie's code of a packed character.
#[inline]
pub fn character_code(number: u32) -> u16 {
    number as u16
}

/// Returns the index of a packed character's category.
#[inline]
pub fn character_category(number: u32) -> usize {
    (number >> 16) as usize
}

/// Behaviour of unknown words that start with a character.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Category {
    /// Kinds of the character, one bit each. A group continues while neighbours share a kind.
    pub kinds: u32,
    /// Sum of the flags [`INVOKE`](Self::INVOKE), [`GROUP`](Self::GROUP) and [`SPACE`](Self::SPACE).
    pub flags: u16,
    /// Longest unknown word in characters, apart from groups.
    pub length: u16,
    /// Number of the first entry for unknown words.
    pub first_entry: u32,
    /// Number of entries for unknown words, from 1 to [`MOST_HOMOGRAPHS`].
    pub entries: u32,
}

impl Category {
    /// Adds unknown words even where the dictionary has a word.
    pub const INVOKE: u16 = 1;
    /// Adds one unknown word that covers the whole run of such characters.
    pub const GROUP: u16 = 2;
    /// Marks a character that separates words and belongs to none.
    pub const SPACE: u16 = 4;

    /// Reports whether the category has a flag.
    pub fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// A unit of the double array.
///
/// From a unit, the character with code `c` leads to the unit at `base + c`, if that unit's parent is the
/// current one. Code 0 ends a word and leads to a leaf, and the base of a leaf is its value: the number of the
/// word's first entry, shifted left by [`HOMOGRAPH_BITS`], plus the number of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Unit {
    /// Base of the children or, in a leaf, the value. The highest bit marks a leaf.
    pub base: u32,
    /// Index of the parent. The highest bit marks a unit at which a word ends while longer words continue.
    pub parent: u32,
}

impl Unit {
    /// Highest bit of `base` and `parent`.
    pub const FLAG: u32 = 1 << 31;
    /// An unused unit.
    pub const FREE: Unit = Unit {
        base: 0,
        parent: Self::FLAG - 1,
    };

    pub(crate) fn is_leaf(self) -> bool {
        self.base & Self::FLAG != 0
    }

    pub(crate) fn ends_word(self) -> bool {
        self.parent & Self::FLAG != 0
    }

    pub(crate) fn is_child_of(self, parent: u32) -> bool {
        self.parent & !Self::FLAG == parent
    }

    pub(crate) fn value(self) -> u32 {
        self.base & !Self::FLAG
    }
}

/// Bits of a leaf's value that hold the number of homographs.
pub const HOMOGRAPH_BITS: u32 = 7;

/// Most entries of one surface.
pub const MOST_HOMOGRAPHS: u32 = (1 << HOMOGRAPH_BITS) - 1;

/// A word, as the search for the cheapest path needs it.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Entry {
    /// Context id towards the preceding word.
    pub left: u16,
    /// Context id towards the following word.
    pub right: u16,
    /// Cost of the word: the lower, the likelier.
    pub cost: i16,
    /// Index of the [`Penalty`] that applies beside a space.
    pub penalty: u16,
}

/// Costs that are added to a word beside a space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Penalty {
    /// Cost that is added where a space precedes the word.
    pub after_space: i16,
    /// Cost that is added where a space follows the word.
    pub before_space: i16,
}

/// Number of zeros after the connection table.
///
/// 65,536 costs can be read from the start of any row, so a 16-bit id needs no bounds check.
pub const WINDOW: usize = 0x1_0000;

/// Flag of an [analysis](crate::image::Analysis) whose parts replace the word, as in inflected verbs.
pub const EXPANDED: u8 = 1;

/// Flag of an [analysis](crate::image::Analysis) whose parts carry their own text: 고춧값 has the parts 고추 and 값.
pub const OWN_TEXT: u8 = 2;
