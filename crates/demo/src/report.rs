//! What the demo leaves behind: the folder `demo` in cargo's target folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{checks::Evidence, record::Entry, scene::Scene};

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
    pub fn write(&self, evidence: &Evidence<'_>, scenes: &[Scene]) -> Result<()> {
        let main_job = [("stat-prep", evidence.prep), ("stat-analysis", evidence.analysis)];
        let others = scenes
            .iter()
            .map(|scene| (scene.function, scene.entries.as_slice()));
        let entries = |entries: &[Entry]| entries.iter().map(Entry::json).collect::<Vec<Value>>();
        let functions = main_job.into_iter().chain(others);
        let functions = functions.map(|(name, sent)| (name.to_owned(), Value::from(entries(sent))));
        let mail = evidence.mails.first();
        let summary = json!({
            "functions": functions.collect::<Map<_, _>>(),
            "mail": mail.map(|mail| json!({"subject": mail.subject, "text": mail.text})),
        });
        let summary = format!("{summary:#}\n").into_bytes();
        for (name, content) in [
            ("report.csv", evidence.csv.as_slice()),
            ("report.html", evidence.html.as_slice()),
            ("summary.json", summary.as_slice()),
        ] {
            let path = self.0.join(name);
            fs::write(&path, content).with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(())
    }
}
