//! Programs of the functions.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use anyhow::{Context, Result, ensure};

static BUILT: LazyLock<Mutex<HashMap<String, PathBuf>>> = LazyLock::new(Mutex::default);

/// Builds the function `name` in the profile of the running program, and returns the path of its program.
///
/// `cargo test -p one-crate` builds no other crate's program, so this calls cargo, once per process and name.
/// `LOCAL_STACK_PREBUILT=true` skips cargo if everything is built already.
pub fn function_binary(name: &str) -> Result<PathBuf> {
    // Locked during the build: a second cargo would only wait for the first.
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(path) = built.get(name) {
        return Ok(path.clone());
    }
    let place =
        Place::of(&std::env::current_exe().context("could not find the path of the running program")?)?;
    if std::env::var("LOCAL_STACK_PREBUILT").as_deref() != Ok("true") {
        place.build(name)?;
    }
    let path = place.folder.join(name);
    ensure!(
        path.is_file(),
        "the package {name} was built, but the program {} does not exist",
        path.display()
    );
    built.insert(name.to_owned(), path.clone());
    Ok(path)
}

/// Place of the running program, where cargo puts programs of the same profile and target.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// `target/debug` or `target/{triple}/release`.
    folder: PathBuf,
    target: PathBuf,
    triple: Option<String>,
    profile: String,
}

impl Place {
    fn of(program: &Path) -> Result<Self> {
        let place = || {
            let mut folder = program.parent()?;
            if matches!(name_of(folder)?, "deps" | "examples") {
                folder = folder.parent()?;
            }
            let profile = match name_of(folder)? {
                "debug" => "dev",
                other => other,
            };
            let above = folder.parent()?;
            // Cargo tags the target folder, not its subfolders for triples.
            let (target, triple) = if above.join("CACHEDIR.TAG").exists() {
                (above, None)
            } else {
                (above.parent()?, Some(name_of(above)?.to_owned()))
            };
            target.join("CACHEDIR.TAG").exists().then(|| Self {
                folder: folder.to_owned(),
                target: target.to_owned(),
                triple,
                profile: profile.to_owned(),
            })
        };
        place().with_context(|| format!("{} is not in a target folder of cargo", program.display()))
    }

    fn build(&self, name: &str) -> Result<()> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            // Not `--package`: its features differ from those of the workspace, and all dependencies would be compiled
            // once per function.
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--bin",
                name,
                "--profile",
                &self.profile,
            ])
            .arg("--target-dir")
            .arg(&self.target);
        if let Some(triple) = &self.triple {
            cargo.args(["--target", triple]);
        }
        for variable in variables_of_this_crate() {
            cargo.env_remove(variable);
        }
        let output = cargo.output().context("could not start cargo")?;
        ensure!(
            output.status.success(),
            "could not build the function {name} ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

/// Returns cargo's variables of the crate under test: with them, build scripts would run again.
fn variables_of_this_crate() -> impl Iterator<Item = OsString> {
    const PREFIXES: [&str; 5] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    std::env::vars_os().map(|(name, _)| name).filter(|name| {
        PREFIXES
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
    })
}

fn name_of(folder: &Path) -> Option<&str> {
    folder.file_name()?.to_str()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Place;

    #[track_caller]
    fn check(program: &str, folder: &str, triple: Option<&str>, profile: &str) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("target")).unwrap();
        std::fs::write(root.path().join("target/CACHEDIR.TAG"), "").unwrap();
        let place = Place::of(&root.path().join(program)).unwrap();
        let expected = Place {
            folder: root.path().join(folder),
            target: root.path().join("target"),
            triple: triple.map(str::to_owned),
            profile: profile.to_owned(),
        };
        assert_eq!(place, expected);
    }

    #[test]
    fn finds_functions_beside_the_running_program() {
        check("target/debug/deps/it-0123", "target/debug", None, "dev");
        check("target/debug/demo", "target/debug", None, "dev");
        check("target/release/examples/cold", "target/release", None, "release");
        let triple = "aarch64-apple-darwin";
        check(
            "target/aarch64-apple-darwin/debug/deps/it-0",
            "target/aarch64-apple-darwin/debug",
            Some(triple),
            "dev",
        );
    }

    #[test]
    fn rejects_a_program_outside_of_a_target_folder() {
        let error = Place::of(Path::new("/usr/bin/deps/it")).unwrap_err().to_string();
        assert!(error.contains("is not in a target folder"), "{error}");
    }
}
