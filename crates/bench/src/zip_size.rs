//! The size of a function's zip.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// A zip of `make build`, or an estimate of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Zip {
    /// Size in millions of bytes.
    pub megabytes: f64,
    /// True for a zip of `make build`, false for this machine's program, which is linked differently.
    pub is_built: bool,
}

/// Measures the largest of `target/deploy/*/{function}.zip` that are no older than the program in `target/release`. Without
/// such a zip, it compresses the program.
pub(crate) fn zip(target: &Path, function: &str, python: &Path) -> Result<Zip> {
    let program = target.join("release").join(function);
    let modified = fs::metadata(&program)
        .and_then(|metadata| metadata.modified())
        .with_context(|| format!("could not read the metadata of {}", program.display()))?;
    let built = architectures(target)
        .iter()
        .filter_map(|folder| fs::metadata(folder.join(format!("{function}.zip"))).ok())
        .filter(|zip| zip.modified().is_ok_and(|zipped| zipped >= modified))
        .map(|zip| zip.len())
        .max();
    Ok(Zip {
        megabytes: match built {
            Some(bytes) => bytes as f64,
            None => compressed(&program, python)?,
        } / 1e6,
        is_built: built.is_some(),
    })
}

/// Lists the folders of architectures, such as `target/deploy/x86_64`.
fn architectures(target: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(target.join("deploy"));
    let entries = entries.into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Compresses a program with Python's zlib, as `make build` does, and returns its size in bytes.
fn compressed(program: &Path, python: &Path) -> Result<f64> {
    let script = "import sys, zlib; print(len(zlib.compress(open(sys.argv[1], 'rb').read(), 9)))";
    let output = Command::new(python).args(["-c", script]).arg(program).output()?;
    let size = String::from_utf8(output.stdout)?;
    size.trim()
        .parse()
        .with_context(|| format!("could not compress {}", program.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[track_caller]
    fn check(zips: &[(&str, usize, SystemTime)], built: SystemTime, megabytes: Option<f64>) {
        let target = tempfile::tempdir().unwrap();
        let file = |path: &str, bytes: usize, modified: SystemTime| {
            let path = target.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, vec![0; bytes]).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(modified).unwrap();
        };
        file("release/f", 5000, built);
        for (path, bytes, modified) in zips {
            file(path, *bytes, *modified);
        }
        let zip = zip(target.path(), "f", &crate::python()).unwrap();
        match megabytes {
            Some(megabytes) => assert_eq!(
                zip,
                Zip {
                    megabytes,
                    is_built: true
                }
            ),
            None => assert!(!zip.is_built && zip.megabytes < 0.001, "{zip:?}"),
        }
    }

    #[test]
    fn measures_the_zip_of_make_build_unless_it_is_outdated() {
        let now = SystemTime::now();
        let (x86, arm) = ("deploy/x86_64/f.zip", "deploy/arm64/f.zip");
        check(
            &[(x86, 2_000_000, now), (arm, 1_500_000, now)],
            now - HOUR,
            Some(2.0),
        );
        // The larger zip is older than the program.
        check(
            &[(x86, 2_000_000, now - 2 * HOUR), (arm, 1_500_000, now)],
            now - HOUR,
            Some(1.5),
        );
        check(&[(x86, 2_000_000, now - HOUR)], now, None);
        check(
            &[("deploy/f.zip", 1, now), ("deploy/x86_64/g.zip", 1, now)],
            now - HOUR,
            None,
        );
        check(&[], now, None);
    }
}
