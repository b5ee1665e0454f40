//! What the demo leaves behind: the folder `demo` in cargo's target folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use local_stack::topic::Mail;
use serde_json::{Value, json};

use super::record::Entry;

/// The folder.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it, without what an earlier demo left in it.
    pub fn empty() -> Result<Self> {
        let program = std::env::current_exe().context("could not find the running program")?;
        // Cargo tags the target folder, wherever it lies.
        let target = program
            .ancestors()
            .find(|folder| folder.join("CACHEDIR.TAG").exists());
        let target = target
            .with_context(|| format!("{} does not lie in a target folder of cargo", program.display()))?;
        let folder = target.join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
        }
        fs::create_dir(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the report byte for byte, and the summary.
    pub fn write(
        &self,
        csv: &[u8],
        html: &[u8],
        prep: &[Entry],
        analysis: &[Entry],
        mail: Option<&Mail>,
    ) -> Result<()> {
        let entries = |entries: &[Entry]| entries.iter().map(Entry::json).collect::<Vec<Value>>();
        let summary = json!({
            "functions": {"stat-prep": entries(prep), "stat-analysis": entries(analysis)},
            "mail": mail.map(|mail| json!({"subject": mail.subject, "text": mail.text})),
        });
        let summary = format!("{summary:#}\n").into_bytes();
        for (name, content) in [
            ("report.csv", csv),
            ("report.html", html),
            ("summary.json", summary.as_slice()),
        ] {
            let path = self.0.join(name);
            fs::write(&path, content).with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(())
    }
}
