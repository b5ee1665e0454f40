//! Response to the check event `{"check":true}`.

use serde_json::Value;

/// Report of a function about its deployment.
#[derive(Debug, Clone)]
pub struct CheckReport(pub Value);

impl CheckReport {
    /// Returns the checks: objects with `name`, `ok` and `detail`.
    ///
    /// # Panics
    /// Panics if the response has no checks.
    pub fn checks(&self) -> &[Value] {
        self.0["checks"].as_array().expect("a report has checks")
    }

    /// Returns the names of the failed checks.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.checks().iter().filter(|check| check["ok"] == false);
        failed.filter_map(|check| check["name"].as_str()).collect()
    }

    /// Asserts the outcome of a check, and a part of its detail. `Value::Null` is a check that was not tried.
    ///
    /// # Panics
    /// Panics if there is no such check, or if it has another outcome.
    #[track_caller]
    pub fn assert(&self, name: &str, ok: impl Into<Value>, detail: &str) {
        let check = self.checks().iter().find(|check| check["name"] == name);
        let check = check.unwrap_or_else(|| panic!("{name} is not among {:#?}", self.checks()));
        assert_eq!(check["ok"], ok.into(), "{check}");
        let text = check["detail"].as_str().unwrap_or_default();
        assert!(text.contains(detail), "{check}");
    }
}
