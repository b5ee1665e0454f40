//! The dictionary image: embedded in the binary, or mapped from a file.

use std::path::Path;

use anyhow::Context;
use ko_morph::Dictionary;

/// Opens the image at `path`, or else the embedded one.
pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Dictionary> {
    match path {
        Some(path) => Dictionary::open(path)
            .with_context(|| format!("could not open the dictionary image {}", path.display())),
        None => embedded(),
    }
}

#[cfg(feature = "embedded-dictionary")]
fn embedded() -> anyhow::Result<Dictionary> {
    Dictionary::from_static(ko_morph::include_image!(env!("KO_IMAGE")))
        .context("could not use the embedded dictionary image")
}

#[cfg(not(feature = "embedded-dictionary"))]
fn embedded() -> anyhow::Result<Dictionary> {
    anyhow::bail!("this build embeds no dictionary: set KO_DICTIONARY to the path of an image")
}
