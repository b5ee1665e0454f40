//! Each upload has one build.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::part::Check;
use crate::run::uploads::UploadsRun;

pub(crate) fn check(run: &UploadsRun) -> Vec<Check> {
    vec![("one build per upload", one_build_per_upload(run))]
}

fn one_build_per_upload(run: &UploadsRun) -> Result<String> {
    let mut builds = BTreeMap::<String, Vec<u64>>::new();
    for build in run.teamcity.uncancelled_builds() {
        let key = build.properties.get("eventKey").cloned().unwrap_or_default();
        builds.entry(key).or_default().push(build.id);
    }
    for (key, _) in &run.uploads {
        let ids = builds.get(key).map_or(&[][..], Vec::as_slice);
        ensure!(ids.len() == 1, "{key} has the builds {ids:?}");
    }
    let (all, uploads) = (run.teamcity.builds().len(), run.uploads.len());
    ensure!(
        builds.len() == uploads,
        "{} builds for {uploads} uploads",
        builds.len()
    );
    Ok(format!(
        "{uploads} uploads have one each; {} duplicates were cancelled before they started",
        all - uploads
    ))
}
