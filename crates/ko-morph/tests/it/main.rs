//! The analyser from outside: over small lexicons made in the test, and over the real dictionary.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod chunks;
mod damage;
mod lexicon;
mod limits;
mod memory;
mod real;
mod search;
mod separators;
mod unknown_nouns;
mod user_words;
