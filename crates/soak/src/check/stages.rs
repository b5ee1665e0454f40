//! Each stage and each log group is as after a run without disturbances.

use anyhow::{Result, ensure};

use crate::part::Check;
use crate::run::stages::Settings;

pub(crate) fn check(settled: &Settings, clean: &Settings) -> Vec<Check> {
    vec![("each stage in its wanted state", as_wanted(settled, clean))]
}

fn as_wanted(settled: &Settings, clean: &Settings) -> Result<String> {
    for (stage, wanted) in &clean.stages {
        let is = settled.stages.get(stage);
        ensure!(is == Some(wanted), "{stage} is {is:?}, wanted {wanted}");
        ensure!(
            wanted["accessLogSettings"]["destinationArn"].is_string(),
            "{stage} has no access log in the clean run"
        );
    }
    ensure!(
        settled.log_groups == clean.log_groups,
        "the log groups are {:?}, wanted {:?}",
        settled.log_groups,
        clean.log_groups
    );
    ensure!(
        clean.log_groups.values().all(Option::is_some),
        "a log group never expires: {:?}",
        clean.log_groups
    );
    Ok(format!(
        "{} stages and {} log groups are as after a clean run",
        clean.stages.len(),
        clean.log_groups.len()
    ))
}
