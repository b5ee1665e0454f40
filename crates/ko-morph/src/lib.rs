#![doc = include_str!("../README.md")]

// For users.
mod analyser;
mod dictionary;
mod morpheme;
mod normalise;
mod tag;
mod token;
mod user_dictionary;

// How it works.
mod analysis;
mod character;
mod chunk;
mod image;
mod lattice;
mod lefts;
mod trie;

pub mod build;
#[cfg(any(feature = "train", test))]
pub mod train;

pub use analyser::{Analyser, Worker};
pub use analysis::Parts;
pub use dictionary::Dictionary;
#[doc(hidden)]
pub use image::Aligned;
pub use image::ImageError;
pub use morpheme::{Morpheme, Morphemes};
pub use normalise::normalise;
pub use tag::{Tag, UnknownTag};
pub use token::{Token, Tokens};
pub use user_dictionary::{UserDictionary, UserDictionaryError};
