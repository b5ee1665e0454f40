//! Which function does which task.

use lambda_core::variables::Variables;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::task::REPORT;

/// `STAT_ANALYSIS_FUNCTIONS`: at least one name or ARN. Several let a month be spread over functions with
/// different memory or reserved concurrency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysisFunctions(Vec<String>);

impl AnalysisFunctions {
    /// Reads the variable; `stat-analysis` where it is not set.
    pub fn from_variables(variables: &Variables) -> Option<Self> {
        variables.parsed(
            "STAT_ANALYSIS_FUNCTIONS",
            Self(vec!["stat-analysis".to_owned()]),
            Self::parse,
        )
    }

    fn parse(list: &str) -> Result<Self, &'static str> {
        let names: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) {
            return Err("expected function names or ARNs, separated by commas");
        }
        Ok(Self(names))
    }

    /// The function of a task: dealt in turn, the report to the first.
    pub fn of_task(&self, task: i32) -> &str {
        let turn = usize::try_from((task - 1).max(REPORT)).unwrap_or(0);
        &self.0[turn % self.0.len()]
    }
}

/// The event that hands a task out.
pub fn task_event(run_id: Uuid, task: i32) -> Value {
    json!({"run_id": run_id, "task": task})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deals_the_tasks_in_turn_and_the_report_to_the_first() {
        let functions = AnalysisFunctions::parse("a, b").expect("two names");
        assert_eq!([1, 2, 3].map(|task| functions.of_task(task)), ["a", "b", "a"]);
        assert_eq!(functions.of_task(REPORT), "a");
    }

    #[test]
    fn refuses_a_list_with_a_hole() {
        assert!(AnalysisFunctions::parse("a,,b").is_err());
    }
}
