//! Word lists, from a file or from S3.

use anyhow::Context;

use super::s3::S3;
use crate::config::WordFile;

/// Reads the list; `shipped` is the content of [`WordFile::Shipped`].
pub(crate) async fn read(s3: &S3, file: &WordFile, shipped: &str) -> anyhow::Result<String> {
    match file {
        WordFile::Shipped => Ok(shipped.to_owned()),
        WordFile::Path(path) => {
            std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
        }
        WordFile::S3 { bucket, key } => s3.read_text(bucket, key).await,
    }
}
