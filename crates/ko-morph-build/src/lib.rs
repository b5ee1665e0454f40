#![doc = include_str!("../README.md")]

// The dictionary that goes in.
mod feature;
mod lexicon;
mod mecab;

// The image that comes out.
mod build_error;
mod characters;
mod connections;
mod entries;
mod image;
mod trie;

// Learned costs.
pub mod train;
mod weights;

pub use build_error::BuildError;
pub use image::{image, learned_image};
pub use lexicon::{CharacterRule, Lexicon, LexiconWord};
pub use mecab::read_mecab;
pub use weights::{Weights, WeightsError};
