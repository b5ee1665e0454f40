//! The measurement of a function beside the smallest one and beside Python, and its row in the table.

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::cold_start::ColdStart;
use crate::cold_start::Program;
use crate::share::Share;
use crate::subject::{SUBJECTS, Subject, Surroundings};
use crate::zip_size::{self, Zip};
use crate::{handlers, program, python, target};

/// Number of measured starts of each function, in turn with as many of the others.
pub(crate) const STARTS: u64 = 15;
/// Number of measured starts with a seventh of a core, where Python takes seconds.
pub(crate) const STARTS_WITH_SHARE: u64 = 5;

/// Medians of one function, of the smallest function, and of the Python handler.
pub(crate) struct Measurement {
    subject: &'static Subject,
    function: Summary,
    /// The function with an event that ends after the sign-in to the database.
    sign_in: Option<Summary>,
    floor: Summary,
    reference: Summary,
    zip: Zip,
    /// False with a share of a core, where a shell's start is part of each figure.
    has_budgets: bool,
}

impl Measurement {
    /// Starts the programs in turn.
    pub(crate) fn take(
        subject: &'static Subject,
        surroundings: &Surroundings,
        share: Option<&Share>,
        progress: &ProgressBar,
    ) -> Result<Self> {
        let function = program(subject.name);
        let mut programs = vec![
            surroundings.rust(subject, &function, share),
            surroundings.rust(subject, &program(subject.floor), share),
            surroundings.reference(subject, &python(), &handlers(), share),
        ];
        programs.extend(surroundings.sign_in(subject, &function, share));
        let starts = match share {
            Some(_) => STARTS_WITH_SHARE,
            None => STARTS,
        };
        let mut summaries = in_turn(&programs, starts, progress)?.into_iter();
        let mut next = || summaries.next().context("a program was not started");
        Ok(Self {
            subject,
            function: next()?,
            floor: next()?,
            reference: next()?,
            sign_in: next().ok(),
            zip: zip_size::zip(&target(), subject.name, &python())?,
            has_budgets: share.is_none(),
        })
    }

    pub(crate) fn is_within_budgets(&self) -> bool {
        self.over().is_empty()
    }

    /// The names of the budgets that the function exceeds.
    fn over(&self) -> Vec<&'static str> {
        let budget = &self.subject.budget;
        let memory = self.function.memory_mib;
        let budgets = [
            ("floors", self.floors() <= budget.floors),
            ("Python", self.pythons() >= budget.pythons),
            // Unknown except on Linux.
            ("MiB", memory.is_nan() || memory <= budget.memory_mib),
            ("zip", self.zip.megabytes <= budget.zip_mb),
        ];
        let exceeded = budgets.iter().filter(|(_, holds)| !holds && self.has_budgets);
        exceeded.map(|(name, _)| *name).collect()
    }

    /// States the budgets that the function exceeds.
    pub(crate) fn exceeded(&self) -> Option<String> {
        let over = self.over();
        let name = self.subject.name;
        (!over.is_empty()).then(|| format!("{name} exceeds its budget: {}", over.join(", ")))
    }

    /// Start and first response; with a database, start and sign-in.
    fn start_ms(&self) -> f64 {
        self.sign_in.as_ref().unwrap_or(&self.function).response_ms
    }

    /// Start and first response, divided by the smallest function's.
    fn floors(&self) -> f64 {
        self.start_ms() / self.floor.response_ms
    }

    /// Start and first response of the Python handler, divided by the function's.
    fn pythons(&self) -> f64 {
        self.reference.response_ms / self.start_ms()
    }

    fn row(&self) -> [String; 11] {
        let over = self.over();
        let verdict = match over.is_empty() {
            true if self.has_budgets => "✓".to_owned(),
            true => String::new(),
            false => format!("✗ {}", over.join(", ")),
        };
        [
            self.subject.name.to_owned(),
            figure(self.function.ready_ms, 1, ""),
            figure(self.function.response_ms, 1, ""),
            figure(self.function.spread_ms, 1, ""),
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
            "sign_in": self.sign_in.as_ref().map(Summary::json),
            "floor": self.floor.json(),
            "floors": self.floors(),
            "pythons": self.pythons(),
            "python": self.reference.json(),
            "zip_mb": self.zip.megabytes,
            "exceeds": self.over(),
        })
    }
}

pub(crate) fn table(measurements: &[Measurement]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row("|ready ms|answer ms|±|floors|Python|warm ms|Python|MiB|zip MB|".split('|'));
    table.add_rows(measurements.iter().map(Measurement::row));
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if (1..10).contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// The figures in milliseconds, MiB and millions of bytes.
pub(crate) fn json(at_full_speed: &[Measurement], with_share: Option<&[Measurement]>) -> Value {
    let all = |measurements: &[Measurement]| measurements.iter().map(Measurement::json).collect::<Value>();
    json!({"full_speed": all(at_full_speed), "seventh_of_a_core": with_share.map(all)})
}

/// Explains the columns and states the budgets.
pub(crate) fn legend() -> String {
    let budgets = SUBJECTS.map(|subject| {
        let budget = subject.budget;
        format!(
            "  {}: floors ≤ {}, Python ≥ {}, MiB ≤ {}, zip ≤ {} MB",
            subject.name, budget.floors, budget.pythons, budget.memory_mib, budget.zip_mb
        )
    });
    format!(
        "ready: from the start of the process to its first request for an event; answer: to the end of its first response\n\
         ±: half of the distance between the quartiles of answer\n\
         floors: answer divided by that of the smallest Rust function; with a database, start and sign-in divided by those of\n\
         the smallest function with a sign-in. Python: that of the Python handler divided by the same time\n\
         warm: the fastest of the later events of a process, in the median\n\
         zip: made by make build, the larger architecture; host: this machine's program, where make build has not run since\n\
         budgets:\n{}",
        budgets.join("\n")
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

/// Starts the programs in turn, each `starts` times and once before.
fn in_turn(programs: &[Program], starts: u64, progress: &ProgressBar) -> Result<Vec<Summary>> {
    // The first start is not measured: it brings the files into the page cache.
    for program in programs {
        program.start()?;
    }
    let mut measured: Vec<Vec<ColdStart>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..starts {
        for (program, measured) in programs.iter().zip(&mut measured) {
            measured.push(program.start()?);
        }
        progress.inc(1);
    }
    Ok(measured.iter().map(|starts| Summary::of(starts)).collect())
}

/// Medians of all starts.
struct Summary {
    ready_ms: f64,
    response_ms: f64,
    /// Half of the distance between the quartiles of the first response.
    spread_ms: f64,
    warm_ms: f64,
    /// True if one of the responses was an error.
    is_refusal: bool,
    memory_mib: f64,
}

impl Summary {
    fn of(starts: &[ColdStart]) -> Self {
        let quartile = |quarters: usize, figure: &dyn Fn(&ColdStart) -> f64| {
            let mut figures: Vec<f64> = starts.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[starts.len() * quarters / 4]
        };
        let median = |figure: &dyn Fn(&ColdStart) -> f64| quartile(2, figure);
        let response = |start: &ColdStart| start.response.as_secs_f64() * 1000.0;
        let mebibytes = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
        Self {
            ready_ms: median(&|start| start.ready.as_secs_f64() * 1000.0),
            response_ms: median(&response),
            spread_ms: (quartile(3, &response) - quartile(1, &response)) / 2.0,
            warm_ms: median(&|start| start.warm.as_secs_f64() * 1000.0),
            is_refusal: starts.iter().any(|start| start.is_refusal),
            memory_mib: median(&|start| start.memory.map_or(f64::NAN, mebibytes)),
        }
    }

    fn json(&self) -> Value {
        json!({
            "ready_ms": self.ready_ms,
            "answer_ms": self.response_ms,
            "answer_spread_ms": self.spread_ms,
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
