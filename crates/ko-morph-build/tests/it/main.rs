//! Tests of the analyser and the builder together: over small lexicons, and over mecab-ko-dic.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod building_nouns;
mod chunks;
mod damage;
mod lattice;
mod lexicon;
mod limits;
mod mecab_ko_dic;
mod memory;
mod offsets;
mod search;
mod separators;
mod unknown_nouns;
mod user_words;
