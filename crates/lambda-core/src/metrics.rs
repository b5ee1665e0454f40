//! Metrics in CloudWatch's embedded metric format: a log line that CloudWatch turns into metrics.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::io::Write;

use crate::clock;

/// A metric's unit, as CloudWatch spells it.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A duration in milliseconds.
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

/// Writes one line with all of `metrics` (name, value, unit): namespace `Nightshift`, dimension
/// `Function`.
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
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Nightshift",
                "Dimensions": [["Function"]],
                "Metrics": definitions,
            }],
        }),
    );
    line.insert("Function".to_owned(), json!(function));
    line.extend(
        metrics
            .iter()
            .map(|(name, value, _)| ((*name).to_owned(), json!(value))),
    );
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_embedded_metric_format_of_cloudwatch() {
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
