//! How fast and how small the functions are, beside a function in Python measured at the same time.
//!
//! `bench [FUNCTION …]`: the programs in `target/release`, all that are there or those named.

#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are kept out of the functions; this is the world around them"
)]

mod cold_start;
mod size;

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Result, ensure};
use local_stack::event;
use serde_json::{Value, json};

use cold_start::{ColdStart, Program};

/// How often each is started; the reference in between.
const STARTS: usize = 15;

/// A function, an event that it answers without another system, and what it may cost. Where every event needs a
/// database, it is one that the function refuses, and the row says so.
struct Subject {
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    event: fn() -> Value,
    most_memory_mib: f64,
    most_zip_mb: f64,
}

const DATABASE: (&str, &str) = ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
const SMALL: Subject = Subject {
    name: "",
    variables: &[],
    event: || json!({"no": "such event"}),
    most_memory_mib: 8.0,
    most_zip_mb: 3.5,
};
const SUBJECTS: [Subject; 6] = [
    Subject {
        name: "s3-to-teamcity",
        variables: &[
            ("TEAMCITY_URL", "http://127.0.0.1:1"),
            ("TEAMCITY_TOKEN", "none"),
            ("TEAMCITY_BUILD_TYPE", "None"),
        ],
        event: || event("s3-to-teamcity", "test-event"),
        ..SMALL
    },
    Subject {
        name: "stat-prep",
        variables: &[DATABASE],
        ..SMALL
    },
    Subject {
        name: "stat-analysis",
        variables: &[
            DATABASE,
            ("S3_BUCKET", "none"),
            ("SNS_TOPIC_ARN", "arn:aws:sns:ap-northeast-2:123456789012:none"),
        ],
        most_memory_mib: 48.0,
        most_zip_mb: 15.0,
        ..SMALL
    },
    Subject {
        name: "apigw-log-retention",
        event: || event("apigw-log-retention", "failed-call"),
        ..SMALL
    },
    Subject {
        name: "codebuild-slack",
        variables: &[("SLACK_WEBHOOK_URL", "http://127.0.0.1:1/none")],
        // Without a table of messages, a build is told at its end alone.
        event: || event("codebuild-slack", "in-progress"),
        ..SMALL
    },
    Subject {
        name: "api-loopback",
        event: || event("api-loopback", "rest-proxy"),
        ..SMALL
    },
];

/// The budgets that all share: the reference's time, divided by the function's.
const LEAST_RATIO: f64 = 25.0;
const MOST_READY: Duration = Duration::from_millis(6);

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            writeln!(std::io::stderr(), "bench: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let subjects: Vec<&Subject> = SUBJECTS
        .iter()
        .filter(|subject| match wanted.is_empty() {
            true => program(subject.name).exists(),
            false => wanted.iter().any(|name| name == subject.name),
        })
        .collect();
    ensure!(!subjects.is_empty(), "there is no function in target/release");
    line(&format!(
        "median of {STARTS} starts, release build, each ratio to a Python function with boto3 started in turn\n"
    ));
    line(&row(&[
        "",
        "ready ms",
        "ratio",
        "answer ms",
        "ratio",
        "MiB",
        "ratio",
        "zip MB",
    ]));
    let mut is_within = true;
    for subject in subjects {
        is_within &= measure(subject)?;
    }
    line(&format!(
        "\nready: from the start of the process to its first request for work; answer: to the end of its first answer\n\
         refusal: that answer was an error, while the Python function always answers with its event\n\
         zip: of make build, the larger architecture; host: this machine's program, where none was built since\n\
         budgets: ready ≤ {} ms at best, both ≥ {LEAST_RATIO}×; MiB ≤ {}, zip ≤ {} MB (stat-analysis {} and {})",
        MOST_READY.as_millis(),
        SMALL.most_memory_mib,
        SMALL.most_zip_mb,
        SUBJECTS[2].most_memory_mib,
        SUBJECTS[2].most_zip_mb
    ));
    Ok(is_within)
}

fn measure(subject: &Subject) -> Result<bool> {
    let path = program(subject.name);
    let function = Program {
        command: vec![path.display().to_string()],
        variables: variables(subject.name, subject.variables),
        event: (subject.event)(),
    };
    let reference = Program {
        command: vec![
            python().display().to_string(),
            source("reference.py").display().to_string(),
        ],
        variables: variables("reference", &[]),
        event: json!({}),
    };
    let (mut functions, mut references) = (Vec::new(), Vec::new());
    // Once before that counts, so that files are in the page cache for both.
    function.start()?;
    reference.start()?;
    for _ in 0..STARTS {
        functions.push(function.start()?);
        references.push(reference.start()?);
    }
    let (ours, theirs) = (Figures::of(&functions), Figures::of(&references));
    let zip = size::zip(&target(), subject.name, &python())?;
    let ratios = [
        theirs.ready / ours.ready,
        theirs.answered / ours.answered,
        theirs.memory / ours.memory,
    ];
    let budgets = [
        // Of the fastest start: on a busy machine the others tell of the machine.
        ("ready", ours.fastest <= MOST_READY.as_secs_f64() * 1000.0),
        ("ratios", ratios[0] >= LEAST_RATIO && ratios[1] >= LEAST_RATIO),
        // Not known everywhere.
        (
            "MiB",
            ours.memory.is_nan() || ours.memory <= subject.most_memory_mib,
        ),
        ("zip", zip.megabytes <= subject.most_zip_mb),
    ];
    let over: Vec<&str> = budgets
        .iter()
        .filter_map(|(name, holds)| (!holds).then_some(*name))
        .collect();
    let verdict = match over.is_empty() {
        true => "  ✓".to_owned(),
        false => format!("  ✗ {}", over.join(", ")),
    };
    let figures = row(&[
        subject.name,
        &figure(ours.ready, 1, ""),
        &figure(ratios[0], 0, "×"),
        &figure(ours.answered, 1, ""),
        &figure(ratios[1], 0, "×"),
        &figure(ours.memory, 1, ""),
        &figure(ratios[2], 0, "×"),
        &figure(zip.megabytes, 2, ""),
    ]);
    let notes = notes(ours.is_refusal, zip.is_built);
    line(&(figures + &verdict + &notes));
    Ok(over.is_empty())
}

/// Where a figure is not quite what its column says.
fn notes(is_refusal: bool, is_built: bool) -> String {
    let notes = [(is_refusal, "  answer: refusal"), (!is_built, "  zip: host")];
    notes
        .iter()
        .filter_map(|(is, note)| is.then_some(*note))
        .collect()
}

/// A dash for what is not known here, such as the memory elsewhere than on Linux.
fn figure(value: f64, decimals: usize, unit: &str) -> String {
    match value.is_finite() {
        true => format!("{value:.decimals$}{unit}"),
        false => "–".to_owned(),
    }
}

/// Medians: milliseconds and MiB.
struct Figures {
    ready: f64,
    /// The least of `ready`.
    fastest: f64,
    answered: f64,
    /// Whether any answer was an error.
    is_refusal: bool,
    memory: f64,
}

impl Figures {
    fn of(starts: &[ColdStart]) -> Self {
        let median = |figure: &dyn Fn(&ColdStart) -> f64| {
            let mut figures: Vec<f64> = starts.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        Self {
            ready: median(&|start| start.ready.as_secs_f64() * 1000.0),
            fastest: starts
                .iter()
                .map(|start| start.ready.as_secs_f64() * 1000.0)
                .fold(f64::INFINITY, f64::min),
            answered: median(&|start| start.answered.as_secs_f64() * 1000.0),
            is_refusal: starts.iter().any(|start| start.is_refusal),
            memory: median(&|start| {
                let bytes = start.memory.map(|bytes| bytes as f64);
                bytes.unwrap_or(f64::NAN) / 1024.0 / 1024.0
            }),
        }
    }
}

/// Lambda's own variables, and the function's.
fn variables(function: &str, own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let lambdas = [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_REGION", "ap-northeast-2"),
        ("AWS_DEFAULT_REGION", "ap-northeast-2"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        // Nothing is to be reached.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ];
    let all = lambdas.iter().chain(own);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn row(cells: &[&str; 8]) -> String {
    let [name, rest @ ..] = cells;
    let rest: String = rest.iter().map(|cell| format!("{cell:>10}")).collect();
    format!("{name:<20}{rest}")
}

fn line(text: &str) {
    writeln!(std::io::stdout(), "{text}").ok();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)
}

fn python() -> PathBuf {
    root().join(".venv/bin/python")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(memory: Option<u64>, expected: [&str; 2]) {
        let start = ColdStart {
            ready: Duration::from_millis(2),
            answered: Duration::from_millis(3),
            is_refusal: true,
            memory,
        };
        let figures = Figures::of(&[start]);
        let found = [
            figure(figures.memory, 1, ""),
            figure(10.0 * figures.memory / figures.memory, 0, "×"),
        ];
        assert_eq!(found, expected);
        assert!(figures.is_refusal);
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        check(None, ["–", "–"]);
        check(Some(3 << 20), ["3.0", "10×"]);
    }

    #[test]
    fn a_row_says_what_its_figures_are_not() {
        assert_eq!(notes(false, true), "");
        assert_eq!(notes(true, false), "  answer: refusal  zip: host");
    }
}
