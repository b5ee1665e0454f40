//! CloudWatch metrics as log lines, in the embedded metric format.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;

/// The unit of a metric.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// CloudWatch's `Count`.
    Count,
    /// CloudWatch's `Milliseconds`.
    Milliseconds,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Milliseconds => "Milliseconds",
        }
    }
}

/// Writes `metrics` (name, value, unit) as one line to standard output, in the namespace `Nightshift` with the
/// dimension `Function`.
///
/// CloudWatch Logs extracts the metrics from the line; no call is made.
pub fn emit(function: &str, metrics: &[(&str, f64, Unit)]) {
    let line = render(function, metrics, clock::now());
    // A metric that cannot be written must not fail the work that it counts.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn render(function: &str, metrics: &[(&str, f64, Unit)], now: Timestamp) -> Value {
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|(name, _, unit)| json!({"Name": name, "Unit": unit.as_str()}))
        .collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Nightshift",
                "Dimensions": [["Function"]],
                "Metrics": definitions,
            }],
        },
        "Function": function,
    });
    for (name, value, _) in metrics {
        line[*name] = json!(value);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_embedded_metric_format() {
        let now = Timestamp::from_millisecond(1_793_462_400_000).expect("in range");
        let line = render("stat-prep", &[("MonthUnfinished", 1.0, Unit::Count)], now);
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_793_462_400_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Nightshift",
                        "Dimensions": [["Function"]],
                        "Metrics": [{"Name": "MonthUnfinished", "Unit": "Count"}],
                    }],
                },
                "Function": "stat-prep",
                "MonthUnfinished": 1.0,
            })
        );
    }
}
