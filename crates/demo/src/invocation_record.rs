//! One invocation of a function: its event, its response and its effects on other systems.

use std::time::{Duration, Instant};

use anyhow::Result;
use local_stack::{LambdaEmulator, Outcome};
use serde_json::{Value, json};

use crate::output::{self, labelled, labelled_briefly, line, seconds};

#[derive(Clone, Debug)]
pub(crate) struct InvocationRecord {
    pub function: &'static str,
    pub event: Value,
    pub result: Value,
    pub duration: Duration,
    /// Effects on other systems, in full.
    pub received: Value,
    /// Effects on other systems, in one line each.
    pub effects: Vec<String>,
}

impl InvocationRecord {
    /// Invokes a function and waits for its response. The caller adds the effects.
    pub(crate) async fn invoke(
        emulator: &LambdaEmulator,
        function: &'static str,
        event: Value,
    ) -> Result<Self> {
        let began = Instant::now();
        let outcome = emulator.invoke(function, &event).await?;
        Ok(Self {
            function,
            event,
            result: result(Some(&outcome)),
            duration: began.elapsed(),
            received: Value::Null,
            effects: Vec::new(),
        })
    }

    pub(crate) fn print(&self) {
        line(format!("  {}, {}", self.function, seconds(self.duration)));
        labelled_briefly([
            ("  event", output::json(&self.event)),
            ("  response", output::json(&self.result)),
        ]);
        labelled([("  effects ", self.effects.join("\n"))]);
    }

    /// The record as it stands in `summary.json`.
    pub(crate) fn json(&self) -> Value {
        json!({"event": self.event, "result": self.result, "received": self.received})
    }
}

/// The response, or `{"error": …}` for an invocation without one.
pub(crate) fn result(outcome: Option<&Outcome>) -> Value {
    match outcome {
        Some(Outcome::Response(answer)) => answer.clone(),
        Some(Outcome::Error(error) | Outcome::InitFailed(error)) => json!({"error": error}),
        Some(other) => json!({"error": format!("{other:?}")}),
        None => Value::Null,
    }
}
