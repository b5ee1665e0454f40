//! The check event `{"check":true}`: a function reports whether its configuration, its secrets, its permissions and the
//! other sides work, and changes nothing.
//!
//! # Example
//!
//! ```
//! use lambda_core::check::Check;
//!
//! let checks = [
//!     Check::passed("secret TEAMCITY_TOKEN", "read"),
//!     Check::failed("TeamCity reachable", "connection refused: check TEAMCITY_URL and the VPC's routes"),
//!     Check::not_tried("build configuration Nightly", "TeamCity is not reachable"),
//! ];
//! assert_eq!(checks.map(|check| check.ok), [Some(true), Some(false), None]);
//! ```

use serde::Serialize;
use serde_json::{Value, json};

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Subject of the check. A name that ends with ` reachable` is about another system, not about this deployment.
    pub name: String,
    /// `None` if it could not be tried.
    pub ok: Option<bool>,
    /// Finding of the check; a failed one also says what to do, one that was not tried says why.
    pub detail: String,
}

impl Check {
    /// A check that succeeded.
    pub fn passed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, Some(true), detail)
    }

    /// A check that failed; `detail` says what to do.
    pub fn failed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, Some(false), detail)
    }

    /// A check that could not be tried; `reason` says why.
    pub fn not_tried(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(name, None, reason)
    }

    /// The outcome of a call: the detail of its success, or its error with all causes.
    pub fn of(name: impl Into<String>, outcome: anyhow::Result<impl Into<String>>) -> Self {
        match outcome {
            Ok(detail) => Self::passed(name, detail),
            Err(error) => Self::failed(name, format!("{error:#}")),
        }
    }

    fn new(name: impl Into<String>, ok: Option<bool>, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ok,
            detail: detail.into(),
        }
    }
}

/// The response to the check event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Name of the function.
    pub function: String,
    /// Published version that responded, such as `7` or `$LATEST`.
    pub version: String,
    /// No check failed.
    pub ok: bool,
    /// All checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

impl CheckReport {
    pub(crate) fn new(function: String, version: String, checks: Vec<Check>) -> Self {
        Self {
            function,
            version,
            ok: checks.iter().all(|check| check.ok != Some(false)),
            checks,
        }
    }
}

/// Returns whether the event is exactly `{"check":true}`.
pub(crate) fn is_check(event: &str) -> bool {
    /// Size of the largest check event, with generous white space around its tokens. Larger events are not parsed as one.
    const MAX_BYTES: usize = 100;
    event.len() <= MAX_BYTES
        && serde_json::from_str(event).is_ok_and(|event: Value| event == json!({"check": true}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_object_is_the_check_event() {
        assert!(is_check(r#"{ "check": true }"#));
        for event in [
            r#"{"check":false}"#,
            r#"{"check":true,"a":1}"#,
            r#""check""#,
            r#"[{"check":true}]"#,
            "7",
        ] {
            assert!(!is_check(event), "{event}");
        }
    }

    #[test]
    fn a_check_that_was_not_tried_does_not_fail_the_report() {
        let report = |checks| CheckReport::new("f".to_owned(), "7".to_owned(), checks);
        let passed = Check::passed("a", "");
        let not_tried = Check::not_tried("b", "no permission to try it");
        assert!(report(vec![passed.clone(), not_tried]).ok);
        assert!(!report(vec![passed, Check::failed("c", "grant it")]).ok);
    }

    #[test]
    fn has_the_documented_json() {
        let report = CheckReport::new("f".to_owned(), "7".to_owned(), vec![Check::passed("a", "b")]);
        assert_eq!(
            serde_json::to_value(report).expect("it is JSON"),
            json!({"function": "f", "version": "7", "ok": true, "checks": [{"name": "a", "ok": true, "detail": "b"}]})
        );
    }
}
