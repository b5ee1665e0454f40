//! The measurement of a function beside the reference, and its row in the table.

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::ProgressBar;

use crate::cold_start::ColdStart;
use crate::subject::{LEAST_RATIO, MOST_READY_MS, SMALL, STAT_ANALYSIS, Subject, reference};
use crate::zip_size::{self, Zip};
use crate::{program, python, source, target};

/// Number of measured starts of each function, in turn with as many of the reference.
pub(crate) const STARTS: u64 = 15;

/// Medians of one function and of the reference.
pub(crate) struct Measurement {
    subject: &'static Subject,
    function: Summary,
    reference: Summary,
    zip: Zip,
}

impl Measurement {
    /// Starts the function and the reference in turn.
    pub(crate) fn take(subject: &'static Subject, progress: &ProgressBar) -> Result<Self> {
        let function = subject.program(&program(subject.name));
        let reference = reference(&python(), &source("reference.py"));
        // The first start is not measured: it brings the files into the page cache.
        function.start()?;
        reference.start()?;
        let (mut functions, mut references) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            functions.push(function.start()?);
            references.push(reference.start()?);
            progress.inc(1);
        }
        Ok(Self {
            subject,
            function: Summary::of(&functions),
            reference: Summary::of(&references),
            zip: zip_size::zip(&target(), subject.name, &python())?,
        })
    }

    pub(crate) fn is_within_budgets(&self) -> bool {
        self.over().is_empty()
    }

    /// The names of the budgets that the function exceeds.
    fn over(&self) -> Vec<&'static str> {
        let Summary {
            fastest_ms,
            memory_mib,
            ..
        } = self.function;
        let [ready, response, _] = self.ratios();
        let budgets = [
            // The fastest start: on a busy machine the others measure the machine.
            ("ready", fastest_ms <= MOST_READY_MS),
            ("ratios", ready >= LEAST_RATIO && response >= LEAST_RATIO),
            // Unknown except on Linux.
            (
                "MiB",
                memory_mib.is_nan() || memory_mib <= self.subject.most_memory_mib,
            ),
            ("zip", self.zip.megabytes <= self.subject.most_zip_mb),
        ];
        let exceeded = budgets.iter().filter(|(_, holds)| !holds);
        exceeded.map(|(name, _)| *name).collect()
    }

    /// Ready time, response time and memory of the reference, divided by the function's.
    fn ratios(&self) -> [f64; 3] {
        let (function, reference) = (&self.function, &self.reference);
        [
            reference.ready_ms / function.ready_ms,
            reference.response_ms / function.response_ms,
            reference.memory_mib / function.memory_mib,
        ]
    }

    fn row(&self) -> [String; 9] {
        let [ready, response, memory] = self.ratios();
        let over = self.over();
        let verdict = match over.is_empty() {
            true => "✓".to_owned(),
            false => format!("✗ {}", over.join(", ")),
        };
        [
            self.subject.name.to_owned(),
            figure(self.function.ready_ms, 1, ""),
            figure(ready, 0, "×"),
            figure(self.function.response_ms, 1, ""),
            figure(response, 0, "×"),
            figure(self.function.memory_mib, 1, ""),
            figure(memory, 0, "×"),
            figure(self.zip.megabytes, 2, ""),
            verdict + &notes(self.function.is_refusal, self.zip.is_built),
        ]
    }
}

pub(crate) fn table(measurements: &[Measurement]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row("|ready ms|ratio|answer ms|ratio|MiB|ratio|zip MB|".split('|'));
    table.add_rows(measurements.iter().map(Measurement::row));
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if (1..8).contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// Explains the columns and states the budgets.
pub(crate) fn legend() -> String {
    format!(
        "ready: from the start of the process to its first request for an event; answer: to the end of its first response\n\
         refusal: that response was an error, while the Python function always returns its event\n\
         zip: made by make build, the larger architecture; host: this machine's program, where make build has not run since\n\
         budgets: ready ≤ {MOST_READY_MS} ms at best, both ≥ {LEAST_RATIO}×; MiB ≤ {}, zip ≤ {} MB (stat-analysis {} and {})",
        SMALL.most_memory_mib, SMALL.most_zip_mb, STAT_ANALYSIS.most_memory_mib, STAT_ANALYSIS.most_zip_mb
    )
}

/// Formats a figure, or a dash where it is unknown: memory is measured only on Linux.
fn figure(value: f64, decimals: usize, unit: &str) -> String {
    match value.is_finite() {
        true => format!("{value:.decimals$}{unit}"),
        false => "–".to_owned(),
    }
}

/// Notes on figures that mean less than their column's name.
fn notes(is_refusal: bool, is_built: bool) -> String {
    let notes = [(is_refusal, "  answer: refusal"), (!is_built, "  zip: host")];
    let notes = notes.iter().filter(|(applies, _)| *applies);
    notes.map(|(_, note)| *note).collect()
}

/// Medians of all starts, except the fastest time.
struct Summary {
    ready_ms: f64,
    fastest_ms: f64,
    response_ms: f64,
    /// True if one of the responses was an error.
    is_refusal: bool,
    memory_mib: f64,
}

impl Summary {
    fn of(starts: &[ColdStart]) -> Self {
        let sorted = |figure: &dyn Fn(&ColdStart) -> f64| {
            let mut figures: Vec<f64> = starts.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures
        };
        let ready = sorted(&|start| start.ready.as_secs_f64() * 1000.0);
        let response = sorted(&|start| start.response.as_secs_f64() * 1000.0);
        let memory = sorted(&|start| {
            start
                .memory
                .map_or(f64::NAN, |bytes| bytes as f64 / 1024.0 / 1024.0)
        });
        let middle = starts.len() / 2;
        Self {
            ready_ms: ready[middle],
            fastest_ms: ready[0],
            response_ms: response[middle],
            is_refusal: starts.iter().any(|start| start.is_refusal),
            memory_mib: memory[middle],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn check(memory: Option<u64>, expected: [&str; 2]) {
        let start = ColdStart {
            ready: Duration::from_millis(2),
            response: Duration::from_millis(3),
            is_refusal: true,
            memory,
        };
        let summary = Summary::of(&[start]);
        let figures = [
            figure(summary.memory_mib, 1, ""),
            figure(10.0 * summary.memory_mib / summary.memory_mib, 0, "×"),
        ];
        assert_eq!(figures, expected);
        assert!(summary.is_refusal);
    }

    #[test]
    fn prints_a_dash_for_an_unknown_figure() {
        check(None, ["–", "–"]);
        check(Some(3 << 20), ["3.0", "10×"]);
    }

    #[test]
    fn notes_figures_that_mean_less_than_their_column() {
        assert_eq!(notes(false, true), "");
        assert_eq!(notes(true, false), "  answer: refusal  zip: host");
    }
}
