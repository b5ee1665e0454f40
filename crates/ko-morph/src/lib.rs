#![doc = include_str!("../README.md")]
//!
//! # Overview
//!
//! - [`Dictionary`] opens an image, and [`include_image!`] embeds one.
//! - [`UserDictionary`] parses the user's words.
//! - [`Analyser`] joins both. Its [`Worker`]s iterate over the [`Token`]s or [`Morpheme`]s of a text, each with a
//!   [`Tag`]. Its [`Lexicon`] looks single words up.
//! - [`normalise`] prepares a text.
//! - [`mod@image`] is the file format, for programs that build or inspect images. [`Worker::lattice`] is for programs
//!   that learn or explain costs.

// The interface.
mod analyser;
mod dictionary;
mod lexicon;
mod morpheme;
mod normalise;
mod tag;
mod token;
mod user_dictionary;

// The search.
mod chunk;
mod lattice;
mod lefts;

// The file that is searched.
pub mod image;

pub use analyser::{Analyser, Worker};
pub use chunk::CHUNK_BYTES;
pub use dictionary::Dictionary;
#[doc(hidden)]
pub use image::Aligned;
pub use image::{ImageError, Parts};
pub use lattice::LatticeWord;
pub use lexicon::Lexicon;
pub use morpheme::{Morpheme, Morphemes};
pub use normalise::normalise;
pub use tag::{Tag, UnknownTag};
pub use token::{Token, Tokens};
pub use user_dictionary::{UserDictionary, UserDictionaryError};
