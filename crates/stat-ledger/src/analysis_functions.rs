//! `STAT_ANALYSIS_FUNCTIONS`: the functions that do a run's tasks.

use lambda_core::variables::Variables;

use crate::task::REPORT;

/// Names or ARNs of the functions that do a run's tasks, at least one. Several functions allow different
/// memory or reserved concurrency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysisFunctions(Vec<String>);

impl AnalysisFunctions {
    /// Reads `STAT_ANALYSIS_FUNCTIONS`; the default is `stat-analysis`.
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

    /// Returns the function for a task: tasks are assigned round robin, the report to the first function.
    pub fn for_task(&self, task: i32) -> &str {
        let turn = usize::try_from((task - 1).max(REPORT)).unwrap_or(0);
        &self.0[turn % self.0.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigns_tasks_round_robin_and_the_report_to_the_first_function() {
        let functions = AnalysisFunctions::parse("a, b").expect("two names");
        assert_eq!([1, 2, 3].map(|task| functions.for_task(task)), ["a", "b", "a"]);
        assert_eq!(functions.for_task(REPORT), "a");
    }

    #[test]
    fn refuses_a_list_with_an_empty_name() {
        assert!(AnalysisFunctions::parse("a,,b").is_err());
    }
}
