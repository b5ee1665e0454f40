//! The dictionary image, embedded or mapped.

use anyhow::Context;
use ko_morph::Dictionary;
use std::path::Path;

/// The image at `path`, or else the one in the binary.
///
/// # Errors
/// When the image is missing, damaged or of another version.
pub fn open(path: Option<&Path>) -> anyhow::Result<Dictionary> {
    match path {
        Some(path) => {
            Dictionary::open(path).with_context(|| format!("could not use the dictionary {}", path.display()))
        }
        None => embedded(),
    }
}

#[cfg(feature = "embedded-dictionary")]
fn embedded() -> anyhow::Result<Dictionary> {
    Dictionary::from_static(ko_morph::include_image!(env!("KO_IMAGE")))
        .context("could not use the embedded dictionary")
}

#[cfg(not(feature = "embedded-dictionary"))]
fn embedded() -> anyhow::Result<Dictionary> {
    anyhow::bail!("this build embeds no dictionary")
}
