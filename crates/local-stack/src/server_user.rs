//! User of the servers that refuse to run as root.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::Spec;

/// User that runs a server which refuses to run as root.
#[derive(Debug)]
pub(crate) enum ServerUser {
    /// Current user, if not root.
    Current,
    /// User 1000 of a user namespace, which owns root's files.
    Namespace,
    /// User `nobody`, which becomes the folder's owner.
    Nobody,
}

const NOBODY: u32 = 65534;

impl ServerUser {
    pub(crate) fn choose() -> Result<Self> {
        let works = |program: &str, arguments: &[&str]| {
            Command::new(program)
                .args(arguments)
                .arg("true")
                .output()
                .is_ok_and(|output| output.status.success())
        };
        if !rustix::process::geteuid().is_root() {
            Ok(Self::Current)
        } else if works("unshare", &["-U", "--map-user=1000", "--map-group=1000"]) {
            Ok(Self::Namespace)
        } else if works("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"]) {
            Ok(Self::Nobody)
        } else {
            bail!(
                "PostgreSQL and PgBouncer refuse to run as root, and neither unshare nor setpriv can change the user"
            )
        }
    }

    pub(crate) fn run(&self, program: &Path) -> Spec {
        let (wrapper, arguments): (_, &[&str]) = match self {
            Self::Current => return Spec::new(program),
            Self::Namespace => ("unshare", &["-U", "--map-user=1000", "--map-group=1000"]),
            Self::Nobody => ("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"]),
        };
        // `env` finds the wrapper on the path. Each replaces itself, so the server has this process id.
        Spec::new("/usr/bin/env")
            .arg(wrapper)
            .args(arguments.iter().copied())
            .arg(program.display().to_string())
    }

    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        if matches!(self, Self::Nobody) {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY))
                .with_context(|| format!("could not make nobody the owner of {}", path.display()))?;
        }
        Ok(())
    }
}

/// Returns a port that no process listens on at the moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("could not find a free port")?;
    Ok(listener.local_addr()?.port())
}
