//! The measurement of a function beside the smallest one and beside Python, and its row in the table.

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::cold_start::ColdStart;
use crate::subject::{LEAST_RATIO, LEAST_RATIO_WITH_DATABASE, Subject, Surroundings};
use crate::zip_size::{self, Zip};
use crate::{handlers, program, python, target};

/// Number of measured starts of each function, in turn with as many of the others.
pub(crate) const STARTS: u64 = 15;

/// Medians of one function, of the smallest function, and of the Python handler.
pub(crate) struct Measurement {
    subject: &'static Subject,
    function: Summary,
    floor: Summary,
    reference: Summary,
    zip: Zip,
}

impl Measurement {
    /// Starts the three programs in turn.
    pub(crate) fn take(
        subject: &'static Subject,
        surroundings: &Surroundings,
        progress: &ProgressBar,
    ) -> Result<Self> {
        let programs = [
            surroundings.rust(subject, &program(subject.name)),
            surroundings.rust(subject, &program("bench-floor")),
            surroundings.reference(subject, &python(), &handlers()),
        ];
        // The first start is not measured: it brings the files into the page cache.
        for program in &programs {
            program.start()?;
        }
        let mut starts = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..STARTS {
            for (program, starts) in programs.iter().zip(&mut starts) {
                starts.push(program.start()?);
            }
            progress.inc(1);
        }
        let [function, floor, reference] = starts.map(|starts| Summary::of(&starts));
        Ok(Self {
            subject,
            function,
            floor,
            reference,
            zip: zip_size::zip(&target(), subject.name, &python())?,
        })
    }

    pub(crate) fn is_within_budgets(&self) -> bool {
        self.over().is_empty()
    }

    /// The names of the budgets that the function exceeds.
    fn over(&self) -> Vec<&'static str> {
        let budget = &self.subject.budget;
        let least = match budget.floors {
            Some(_) => LEAST_RATIO,
            None => LEAST_RATIO_WITH_DATABASE,
        };
        let memory = self.function.memory_mib;
        let budgets = [
            ("floors", budget.floors.is_none_or(|most| self.floors() <= most)),
            ("Python", self.pythons() >= least),
            // Unknown except on Linux.
            ("MiB", memory.is_nan() || memory <= budget.memory_mib),
            ("zip", self.zip.megabytes <= budget.zip_mb),
        ];
        let exceeded = budgets.iter().filter(|(_, holds)| !holds);
        exceeded.map(|(name, _)| *name).collect()
    }

    /// Start and first response, divided by the smallest function's.
    fn floors(&self) -> f64 {
        self.function.response_ms / self.floor.response_ms
    }

    /// Start and first response of the Python handler, divided by the function's.
    fn pythons(&self) -> f64 {
        self.reference.response_ms / self.function.response_ms
    }

    fn row(&self) -> [String; 10] {
        let over = self.over();
        let verdict = match over.is_empty() {
            true => "✓".to_owned(),
            false => format!("✗ {}", over.join(", ")),
        };
        [
            self.subject.name.to_owned(),
            figure(self.function.ready_ms, 1, ""),
            figure(self.function.response_ms, 1, ""),
            figure(self.floors(), 1, "×"),
            figure(self.pythons(), 0, "×"),
            figure(self.function.warm_ms, 2, ""),
            figure(self.reference.warm_ms / self.function.warm_ms, 0, "×"),
            figure(self.function.memory_mib, 1, ""),
            figure(self.zip.megabytes, 2, ""),
            verdict + &notes(self.function.is_refusal, self.zip.is_built),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "function": self.subject.name,
            "cold": self.function.json(),
            "floor": self.floor.json(),
            "python": self.reference.json(),
            "zip_mb": self.zip.megabytes,
            "exceeds": self.over(),
        })
    }
}

pub(crate) fn table(measurements: &[Measurement]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row("|ready ms|answer ms|floors|Python|warm ms|Python|MiB|zip MB|".split('|'));
    table.add_rows(measurements.iter().map(Measurement::row));
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if (1..9).contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// The figures in milliseconds, MiB and millions of bytes.
pub(crate) fn json(measurements: &[Measurement]) -> Value {
    measurements.iter().map(Measurement::json).collect()
}

/// Explains the columns and states the budgets.
pub(crate) fn legend() -> String {
    format!(
        "ready: from the start of the process to its first request for an event; answer: to the end of its first response\n\
         floors: answer divided by that of the smallest Rust function; Python: that of the Python handler divided by it\n\
         warm: the fastest of the later events of a process, in the median\n\
         refusal: stat-analysis has no run here, and refuses the task after the sign-in to the database\n\
         zip: made by make build, the larger architecture; host: this machine's program, where make build has not run since\n\
         budgets: floors ≤ 2.2 and Python ≥ {LEAST_RATIO} (with a database: Python ≥ {LEAST_RATIO_WITH_DATABASE}); MiB ≤ 64, \
         zip ≤ 3.5 MB (stat-analysis 16)"
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

/// Medians of all starts.
struct Summary {
    ready_ms: f64,
    response_ms: f64,
    warm_ms: f64,
    /// True if one of the responses was an error.
    is_refusal: bool,
    memory_mib: f64,
}

impl Summary {
    fn of(starts: &[ColdStart]) -> Self {
        let median = |figure: &dyn Fn(&ColdStart) -> f64| {
            let mut figures: Vec<f64> = starts.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[starts.len() / 2]
        };
        let mebibytes = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
        Self {
            ready_ms: median(&|start| start.ready.as_secs_f64() * 1000.0),
            response_ms: median(&|start| start.response.as_secs_f64() * 1000.0),
            warm_ms: median(&|start| start.warm.as_secs_f64() * 1000.0),
            is_refusal: starts.iter().any(|start| start.is_refusal),
            memory_mib: median(&|start| start.memory.map_or(f64::NAN, mebibytes)),
        }
    }

    fn json(&self) -> Value {
        json!({
            "ready_ms": self.ready_ms,
            "answer_ms": self.response_ms,
            "warm_ms": self.warm_ms,
            "memory_mib": self.memory_mib,
        })
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
            warm: Duration::from_millis(1),
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
