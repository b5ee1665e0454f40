//! What an image knows of a character: the code that the trie has for it, and its category.
//!
//! Both stand in one number, the code in the lower half. Code 0 is a character of no word. Characters
//! outside the basic multilingual plane are all like U+FFFF, which is no character: for MeCab they are of the
//! default category. Control characters are spaces.

/// The number of a character that the image does not have.
pub(crate) const NONE: u32 = 0;

pub(crate) fn pack(code: u16, category: u16) -> u32 {
    u32::from(category) << 16 | u32::from(code)
}

pub(crate) fn code(number: u32) -> u16 {
    number as u16
}

pub(crate) fn category(number: u32) -> usize {
    (number >> 16) as usize
}
