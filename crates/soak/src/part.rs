//! Result of one part of a run.

use anyhow::Result;
use local_stack::lambda::Victim;
use local_stack::{LambdaEmulator, Outcome};

use crate::canary::Outputs;
use crate::disturbance;
use crate::plan::FunctionPlan;
use crate::tally::{KILLED_RESPONSE, Tally};

/// Fact that a check has proved, or the broken promise that it found.
pub(crate) type Check = (&'static str, Result<String>);

/// Faults, checks and outputs of one function in a run.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub tally: Tally,
    pub checks: Vec<Check>,
    pub outputs: Outputs,
    /// Largest resident memory in bytes by function.
    pub memory: Vec<(&'static str, u64)>,
}

impl Part {
    /// Adds the disturbances of a function, and what left it.
    pub(crate) fn add_disturbances(
        &mut self,
        emulator: &LambdaEmulator,
        function: &'static str,
        plan: &FunctionPlan,
        killed: &[Victim],
        redriven: usize,
    ) {
        self.tally.add_kills(function, killed);
        let responses = emulator.killed_responses_of(function);
        self.tally.add(function, KILLED_RESPONSE, responses);
        self.tally
            .add(function, "event given up by Lambda and redriven", redriven);
        disturbance::manners(plan).for_each(|manner| self.tally.add(function, manner, 1));
        self.add_outputs_of(emulator, function);
    }

    /// Adds the logs, results and errors of a function.
    pub(crate) fn add_outputs_of(&mut self, emulator: &LambdaEmulator, function: &'static str) {
        self.outputs.add(
            format!("the log of {function}"),
            emulator.logs(function).join("\n"),
        );
        for invocation in emulator.invocations_of(function) {
            if let Some(Outcome::Response(body) | Outcome::Error(body) | Outcome::InitFailed(body)) =
                invocation.outcome
            {
                self.outputs
                    .add(format!("a result of {function}"), body.to_string());
            }
        }
        self.memory
            .extend(emulator.peak_memory(function).map(|bytes| (function, bytes)));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.tally.merge(other.tally);
        self.checks.extend(other.checks);
        self.outputs.merge(other.outputs);
        self.memory.extend(other.memory);
    }
}

/// Returns the sum of a metric over all invocations of a function.
pub(crate) fn metric(emulator: &LambdaEmulator, function: &str, name: &str) -> usize {
    let lines = emulator.logs(function);
    let lines = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter_map(|line| line[name].as_f64()).sum::<f64>().round() as usize
}
