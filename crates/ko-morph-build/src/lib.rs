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

// Words and costs that are learned from labelled texts.
mod extra_words;
mod hangul;
mod label;
mod mine;
mod misspelling;
mod segment;
mod tag_group;
pub mod train;
mod weights;

pub use build_error::BuildError;
pub use extra_words::{ExtraWords, ExtraWordsError};
pub use image::{image, learned_image};
pub use label::LabelError;
pub use lexicon::{CharacterRule, Lexicon, LexiconWord};
pub use mecab::read_mecab;
pub use mine::{MineOptions, Mined, mine};
pub use weights::{Weights, WeightsError};
