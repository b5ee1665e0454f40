//! Each coalescing upload has a build that starts after it.

use anyhow::{Result, ensure};

use crate::part::Check;
use crate::run::uploads::{TIME_IN_QUEUE, UploadsRun};

pub(crate) fn check(run: &UploadsRun) -> Vec<Check> {
    vec![("a build after each coalescing upload", build_after_each(run))]
}

fn build_after_each(run: &UploadsRun) -> Result<String> {
    let builds = run.teamcity.builds();
    ensure!(
        builds.iter().all(|build| build.cancelled.is_none()),
        "a coalescing build was cancelled"
    );
    for (key, uploaded_at) in &run.uploads {
        let branch = key.split('/').nth(1);
        let is_later = builds
            .iter()
            .any(|build| build.branch.as_deref() == branch && build.queued_at + TIME_IN_QUEUE > *uploaded_at);
        ensure!(is_later, "no build started after {key}");
    }
    let uploads = run.uploads.len();
    ensure!(
        builds.len() < uploads,
        "{} builds for {uploads} uploads",
        builds.len()
    );
    Ok(format!("{uploads} uploads are in {} builds", builds.len()))
}
