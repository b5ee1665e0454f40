//! A control group with a seventh of a core: the share of a function with 256 MB.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

const PERIOD_US: u32 = 20_000;
const QUOTA_US: u32 = 2_900;

const ROOT: &str = "/sys/fs/cgroup";

/// A control group of version 1 or 2, which is removed when this value is dropped.
pub(crate) struct Share {
    folder: PathBuf,
}

impl Share {
    /// Creates the group. Fails where the machine has no controller for the processor's time, or does not let this user
    /// create a group.
    pub(crate) fn create() -> Result<Self> {
        let root = Path::new(ROOT);
        let name = format!("nightshift-bench-{}", std::process::id());
        let is_version_2 = root.join("cgroup.controllers").exists();
        let parent = match is_version_2 {
            true => root.to_owned(),
            false => root.join("cpu"),
        };
        ensure!(parent.exists(), "{} does not exist", parent.display());
        let share = Self {
            folder: parent.join(name),
        };
        let folder = share.folder.display();
        fs::create_dir(&share.folder).with_context(|| format!("could not create {folder}"))?;
        let limits = match is_version_2 {
            true => vec![("cpu.max", format!("{QUOTA_US} {PERIOD_US}"))],
            false => vec![
                ("cpu.cfs_period_us", PERIOD_US.to_string()),
                ("cpu.cfs_quota_us", QUOTA_US.to_string()),
            ],
        };
        for (file, limit) in limits {
            fs::write(share.folder.join(file), limit)
                .with_context(|| format!("could not write {folder}/{file}"))?;
        }
        Ok(share)
    }

    /// Returns a command that joins the group and then becomes `command`. The shell before it takes about a millisecond,
    /// the same for every program.
    pub(crate) fn command(&self, command: &[String]) -> Vec<String> {
        let processes = self.folder.join("cgroup.procs").display().to_string();
        let shell = ["/bin/sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", &processes];
        let shell = shell.map(str::to_owned);
        shell.into_iter().chain(command.iter().cloned()).collect()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        fs::remove_dir(&self.folder).ok();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_program_becomes_a_member_with_its_own_arguments() {
        let group = tempfile::tempdir().unwrap();
        let share = Share {
            folder: group.path().to_owned(),
        };
        let command = share.command(&["/bin/echo".to_owned(), "a b".to_owned()]);
        let output = Command::new(&command[0]).args(&command[1..]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "a b\n");
        let member = fs::read_to_string(group.path().join("cgroup.procs")).unwrap();
        assert!(member.trim().parse::<u32>().is_ok(), "{member}");
        // A folder that is not empty, unlike a control group, stays.
        drop(share);
    }
}
