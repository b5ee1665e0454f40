//! A list of words, wherever it is.

use anyhow::Context;

use super::s3::S3;
use crate::config::WordFile;

/// The list's text; `shipped` is the one that comes with the function.
///
/// # Errors
/// When it cannot be read.
pub async fn read(s3: &S3, file: &WordFile, shipped: &str) -> anyhow::Result<String> {
    match file {
        WordFile::Shipped => Ok(shipped.to_owned()),
        WordFile::Path(path) => {
            std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
        }
        WordFile::S3 { bucket, key } => s3.read_text(bucket, key).await,
    }
}
