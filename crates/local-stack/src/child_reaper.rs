//! Shell that outlives this process by a moment and ends the children that it leaves behind.
//!
//! Statics are never dropped, and no code runs after SIGKILL. But the kernel always closes the write end of a pipe.
//! One `/bin/sh` per process reads from such a pipe, knows the children, and at the pipe's end kills them and removes
//! their folders. The write end is close-on-exec, as all of Rust's are, so no child keeps it open. The shell has a
//! process group of its own: Ctrl-C does not reach it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use anyhow::{Context, Result, ensure};

static ORDERS: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
static STARTING: Mutex<()> = Mutex::new(());

/// Orders that the process group `pid` be ended with `signal` (a name such as `KILL`) after this process.
pub(crate) fn watch(pid: u32, signal: &str) -> Result<()> {
    order(&format!("watch {pid} {signal}\n"))
}

/// Withdraws the order. Call it before the process is reaped: its number may be reused afterwards.
pub(crate) fn forget(pid: u32) -> Result<()> {
    order(&format!("forget {pid}\n"))
}

/// Orders that a folder be removed after this process.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    let name = folder
        .to_str()
        .context("the name of a temporary folder is not UTF-8")?;
    ensure!(
        !name.contains('\n'),
        "the name of a temporary folder has a line break"
    );
    order(&format!("folder {name}\n"))
}

fn order(line: &str) -> Result<()> {
    let mut pipe = orders()?.lock().expect("no writer panics");
    pipe.write_all(line.as_bytes())
        .context("the reaper of child processes has ended")
}

fn orders() -> Result<&'static Mutex<ChildStdin>> {
    if let Some(orders) = ORDERS.get() {
        return Ok(orders);
    }
    let _one_at_a_time = STARTING.lock().expect("no starter panics");
    if let Some(orders) = ORDERS.get() {
        return Ok(orders);
    }
    let mut shell = Command::new("/bin/sh")
        .args(["-c", r#"eval "$LOCAL_STACK_REAPER""#, "local-stack-reaper"])
        // A variable instead of an argument: the script would fill the output of `ps`.
        .env("LOCAL_STACK_REAPER", include_str!("child_reaper.sh"))
        .stdin(Stdio::piped())
        // A reader of this process's output waits for the end of the pipe, and must not wait for the shell.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("could not start the reaper of child processes")?;
    let pipe = shell.stdin.take().expect("standard input is piped");
    Ok(ORDERS.get_or_init(|| Mutex::new(pipe)))
}
