//! Locates the dictionary image that the binary embeds.

use std::path::Path;

fn main() {
    if !cfg!(feature = "embedded-dictionary") {
        return;
    }
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionary/ko.image");
    println!("cargo::rerun-if-changed={}", image.display());
    match image.canonicalize() {
        Ok(image) => println!("cargo::rustc-env=KO_IMAGE={}", image.display()),
        Err(_) => println!(
            "cargo::error=dictionary/ko.image is missing: run `make dictionary`, or build with \
             --no-default-features and set KO_DICTIONARY to the path of an image"
        ),
    }
}
