//! Messages before the models of Slack's own SDK for Python, `slack_sdk`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use local_stack::venv;

/// What Slack's own models find wrong with these messages; a list for each.
pub fn faults(messages: &[Value]) -> Result<Vec<Vec<String>>> {
    let mut python = Command::new(venv::program("python")?)
        .args(["-c", include_str!("models.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("could not start Python")?;
    let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
    let mut input = python.stdin.take().context("it was asked for")?;
    // From a thread of its own: Python may answer before it has read all.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().context("Python did not end")?;
    let written = writer
        .join()
        .map_err(|_| anyhow::anyhow!("the writer panicked"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "slack_sdk could not judge (run `make setup`): {said}"
    );
    written.context("Python did not read all messages")?;
    let answers = String::from_utf8(output.stdout).context("Python wrote no UTF-8")?;
    let answers = answers.lines().map(serde_json::from_str);
    answers.collect::<Result<_, _>>().context("Python wrote no JSON")
}
