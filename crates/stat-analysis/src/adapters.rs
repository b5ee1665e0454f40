//! The systems on the other side.

pub mod dictionary;
pub mod postgres;
pub mod s3;
pub mod sns;
pub mod word_file;
