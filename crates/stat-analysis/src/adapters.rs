//! Clients of the outside systems.

pub(crate) mod dictionary;
pub(crate) mod postgres;
pub(crate) mod s3;
pub(crate) mod sns;
pub(crate) mod word_file;
