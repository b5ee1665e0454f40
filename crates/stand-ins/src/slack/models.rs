//! Validation of messages by the models of Slack's Python SDK, `slack_sdk`.

use anyhow::{Context, Result};
use local_stack::venv;
use serde_json::Value;

/// Returns the violations that Slack's models find, one list per message.
pub fn violations(messages: &[Value]) -> Result<Vec<Vec<String>>> {
    let lines = messages.iter().map(|message| format!("{message}\n")).collect();
    let output = venv::python(&["-c", include_str!("models.py")], lines)?;
    let violations = output.lines().map(serde_json::from_str);
    violations
        .collect::<Result<_, _>>()
        .context("the output of Python is not JSON")
}
