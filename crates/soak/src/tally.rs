//! Number of faults injected, by kind.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use local_stack::lambda::Victim;
use local_stack::{Fault, Faults};

/// Kill at the moment of a response.
pub(crate) const KILLED_RESPONSE: &str = "environment killed between effect and answer";

/// Faults by side and kind. A run that passes its checks has survived them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(BTreeMap<(String, String), usize>);

impl Tally {
    pub(crate) fn add(&mut self, side: &str, kind: &str, count: usize) {
        if count > 0 {
            *self.0.entry((side.to_owned(), kind.to_owned())).or_default() += count;
        }
    }

    pub(crate) fn add_kills(&mut self, function: &str, killed: &[Victim]) {
        for killed in killed {
            let phase = match killed {
                Victim::InInit => "environment killed in its init",
                Victim::AtWork(_) => "environment killed at work",
                Victim::Idle => "idle environment killed",
            };
            self.add(function, phase, 1);
        }
    }

    /// Counts the faults that a side has injected into its answers.
    pub(crate) fn add_answers(&mut self, side: &str, faults: &Faults) {
        for fault in faults.seen().into_iter().filter_map(|request| request.fault) {
            self.add(side, answer(&fault), 1);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (key, count) in other.0 {
            *self.0.entry(key).or_default() += count;
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Renders the faults of all runs beside those of the runs that passed.
    pub(crate) fn table(&self, survived: &Self) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(["where", "fault", "injected", "survived"]);
        for ((side, kind), count) in &self.0 {
            let survived = survived.0.get(&(side.clone(), kind.clone())).copied();
            table.add_row([
                side.clone(),
                kind.clone(),
                count.to_string(),
                survived.unwrap_or_default().to_string(),
            ]);
        }
        table.add_row([
            "",
            "total",
            &self.total().to_string(),
            &survived.total().to_string(),
        ]);
        for column in [2, 3] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }
}

fn answer(fault: &Fault) -> &'static str {
    match fault {
        Fault::Respond { status: 429, .. } => "answer 429",
        Fault::Respond { status: 500.., .. } => "answer 5xx",
        Fault::Respond { .. } => "throttled with 400",
        Fault::DelayRequest(_) | Fault::DelayResponse(_) | Fault::Hold => "slow answer",
        Fault::HalfResponse => "half of an answer",
        Fault::LoseResponse => "no answer, effect happened",
        Fault::Refuse => "no answer, no effect",
    }
}
