//! No process of a function or of its database is left.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::part::Check;

const NAMES: [&str; 7] = [
    "stat-prep",
    "stat-analysis",
    "s3-to-teamcity",
    "codebuild-slack",
    // As `ps` cuts it on Linux.
    "apigw-log-reten",
    "postgres",
    "pgbouncer",
];

pub(crate) fn check() -> Check {
    ("no process left", none_left())
}

fn none_left() -> Result<String> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,comm="]).output();
    let output = output.context("could not run ps")?;
    let own = std::process::id().to_string();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in lines.lines() {
        let mut fields = line.split_whitespace();
        let (Some(pid), Some(parent), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if parent == own && NAMES.iter().any(|known| name.contains(known)) {
            bail!("the process {pid} ({name}) still runs");
        }
    }
    Ok("all functions, PostgreSQL and PgBouncer have ended".to_owned())
}
