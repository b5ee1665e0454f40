//! No process remains, however the parent ends.

use std::process::{Command, Output};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::support::{SOON, eventually, example};

/// A zombie has ended: without an init, no process reaps an orphan.
fn is_running(pid: u32) -> bool {
    let Output { stdout, .. } = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&stdout);
    !state.trim().is_empty() && !state.trim_start().starts_with('Z')
}

async fn no_process_remains_after(signal: Signal) {
    let temporary = tempfile::tempdir().unwrap();
    let mut owner = tokio::process::Command::new(example("stack-owner"))
        .arg(example("emulator-probe"))
        .env("TMPDIR", temporary.path())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(SOON, lines.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let pids = line
        .split(' ')
        .map(|pid| pid.parse().unwrap())
        .collect::<Vec<u32>>();
    assert_eq!(pids.len(), 3, "function, moto, PostgreSQL");
    assert!(pids.iter().all(|pid| is_running(*pid)));

    kill_process(Pid::from_raw(owner.id().unwrap().cast_signed()).unwrap(), signal).unwrap();
    owner.wait().await.unwrap();
    eventually("the end of all processes", || {
        pids.iter().all(|pid| !is_running(*pid)).then_some(())
    })
    .await;
    let folder = temporary.path().to_owned();
    eventually("the removal of the data", || {
        std::fs::read_dir(&folder).unwrap().next().is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_process_remains_after_sigkill() {
    no_process_remains_after(Signal::KILL).await;
}

#[tokio::test]
async fn no_process_remains_after_ctrl_c() {
    no_process_remains_after(Signal::INT).await;
}
