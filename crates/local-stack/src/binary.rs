//! Finds, and first builds, the program of a function.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex},
};

use anyhow::{Context, Result, ensure};

static BUILT: LazyLock<Mutex<HashMap<String, PathBuf>>> = LazyLock::new(Mutex::default);

/// The program of the function `name`, in the profile of the program that asks.
///
/// `cargo test -p one-crate` builds no other crate's program, so this calls cargo, once per process and name.
/// Where everything has been built before, `LOCAL_STACK_PREBUILT=true` takes what is there.
pub fn function_binary(name: &str) -> Result<PathBuf> {
    // Held while building: a second cargo would only wait for the first one's lock.
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(path) = built.get(name) {
        return Ok(path.clone());
    }
    let place = Place::of(&std::env::current_exe().context("could not find the running program")?)?;
    if std::env::var("LOCAL_STACK_PREBUILT").as_deref() != Ok("true") {
        place.build(name)?;
    }
    let path = place.folder.join(name);
    ensure!(
        path.is_file(),
        "the package {name} was built, but there is no program {}",
        path.display()
    );
    built.insert(name.to_owned(), path.clone());
    Ok(path)
}

/// Where cargo put the running program, and so where it puts others built alike.
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
            // Cargo tags the target folder itself, not those of the triples in it.
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
        place().with_context(|| format!("{} does not lie in a target folder of cargo", program.display()))
    }

    fn build(&self, name: &str) -> Result<()> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .args([
                "build",
                "--quiet",
                "--package",
                name,
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
        // Cargo's description of the crate under test would make build scripts run again.
        for (variable, _) in std::env::vars_os() {
            let variable = variable.to_string_lossy();
            if [
                "CARGO_PKG_",
                "CARGO_MANIFEST_",
                "CARGO_BIN_",
                "CARGO_CRATE_",
                "CARGO_PRIMARY_",
            ]
            .iter()
            .any(|prefix| variable.starts_with(prefix))
            {
                cargo.env_remove(variable.as_ref());
            }
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

fn name_of(folder: &Path) -> Option<&str> {
    folder.file_name()?.to_str()
}
