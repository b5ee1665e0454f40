//! The folder `demo` in cargo's target folder, in which the demo leaves the report and a summary.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::functions::FunctionDemo;
use crate::month::checks::Evidence;

pub(crate) struct OutputFolder(PathBuf);

impl OutputFolder {
    /// Creates the folder and removes the files of an earlier demo.
    pub(crate) fn create() -> Result<Self> {
        let program = std::env::current_exe().context("could not find the running program")?;
        // Cargo marks its target folder with this file.
        let target = program
            .ancestors()
            .find(|folder| folder.join("CACHEDIR.TAG").exists())
            .with_context(|| format!("{} is not in a target folder of cargo", program.display()))?;
        let folder = target.join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
        }
        fs::create_dir(&folder).with_context(|| format!("could not create {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the report byte for byte as in S3, and the summary.
    pub(crate) fn write(&self, evidence: &Evidence<'_>, demos: &[FunctionDemo]) -> Result<()> {
        let summary = format!("{:#}\n", summary(evidence, demos));
        for (name, content) in [
            ("report.csv", evidence.csv.as_slice()),
            ("report.html", evidence.html.as_slice()),
            ("report.xlsx", evidence.xlsx.as_slice()),
            ("report-categories.csv", evidence.categories.as_slice()),
            ("summary.json", summary.as_bytes()),
        ] {
            let path = self.0.join(name);
            fs::write(&path, content).with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(())
    }
}

fn summary(evidence: &Evidence<'_>, demos: &[FunctionDemo]) -> Value {
    let mut functions: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let records = evidence
        .records()
        .chain(demos.iter().flat_map(|demo| &demo.records));
    for record in records {
        functions.entry(record.function).or_default().push(record.json());
    }
    let mail = evidence.mails.first();
    json!({
        "functions": functions,
        "mail": mail.map(|mail| json!({"subject": mail.subject, "text": mail.text})),
    })
}
