//! Validation of messages by the models of Slack's Python SDK, `slack_sdk`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use local_stack::venv;

/// Returns the violations that Slack's models find, one list per message.
pub fn violations(messages: &[Value]) -> Result<Vec<Vec<String>>> {
    let mut python = Command::new(venv::program("python")?)
        .args(["-c", include_str!("models.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("could not start Python")?;
    let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
    let mut input = python.stdin.take().context("Python has no standard input")?;
    // A thread of its own: Python may write before it has read everything.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().context("Python did not end")?;
    let written = writer
        .join()
        .map_err(|_| anyhow::anyhow!("the writer panicked"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "slack_sdk could not validate the messages (run `make setup`): {stderr}"
    );
    written.context("Python did not read all messages")?;
    let lines = String::from_utf8(output.stdout).context("the output of Python is not UTF-8")?;
    let violations = lines.lines().map(serde_json::from_str);
    violations
        .collect::<Result<_, _>>()
        .context("the output of Python is not JSON")
}
