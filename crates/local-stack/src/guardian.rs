//! A shell that outlives us by a moment and ends whatever we leave behind.
//!
//! Statics are never dropped, and nothing at all runs after SIGKILL. What always happens is that the kernel
//! closes our end of a pipe, so one `/bin/sh` per process reads from such a pipe, knows our children, and at
//! its end kills them and removes their folders. The write end is close-on-exec, as all of Rust's are, so no
//! child holds it open. The guardian has a process group of its own: Ctrl-C reaches us, not it.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use anyhow::{Context, Result, ensure};

static GUARDIAN: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
static STARTING: Mutex<()> = Mutex::new(());

/// Ends the process group `pid` with `signal` (a name such as `KILL`) when we are gone.
pub(crate) fn watch(pid: u32, signal: &str) -> Result<()> {
    order(&format!("watch {pid} {signal}\n"))
}

/// To be called before the process is reaped, because its number may then be used again.
pub(crate) fn forget(pid: u32) -> Result<()> {
    order(&format!("forget {pid}\n"))
}

/// Removes the folder when we are gone.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    let name = folder
        .to_str()
        .context("a temporary folder's name is not UTF-8")?;
    ensure!(!name.contains('\n'), "a temporary folder's name has a line break");
    order(&format!("folder {name}\n"))
}

fn order(line: &str) -> Result<()> {
    let mut pipe = guardian()?.lock().expect("no writer panics");
    pipe.write_all(line.as_bytes())
        .context("the guardian of our child processes has ended")
}

fn guardian() -> Result<&'static Mutex<ChildStdin>> {
    if let Some(running) = GUARDIAN.get() {
        return Ok(running);
    }
    let _one_at_a_time = STARTING.lock().expect("no starter panics");
    if let Some(running) = GUARDIAN.get() {
        return Ok(running);
    }
    let mut shell = Command::new("/bin/sh")
        .args(["-c", r#"eval "$LOCAL_STACK_GUARDIAN""#, "local-stack-guardian"])
        // Not among the arguments, where it would fill the screen of whoever calls `ps`.
        .env("LOCAL_STACK_GUARDIAN", include_str!("guardian.sh"))
        .stdin(Stdio::piped())
        // Whoever reads our output waits for its end, and must not wait for the guardian's.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("could not start the guardian of our child processes")?;
    let pipe = shell.stdin.take().expect("standard input is piped");
    Ok(GUARDIAN.get_or_init(|| Mutex::new(pipe)))
}
