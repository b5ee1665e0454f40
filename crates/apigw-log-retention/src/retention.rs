//! Retention periods of log groups.

use lambda_core::rules::Fields;
use serde_json::Value;

/// Retention periods that CloudWatch Logs accepts, in days (CloudWatch Logs API Reference, PutRetentionPolicy). A log
/// group that never expires has no retention at all.
const VALID_DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// A retention period that CloudWatch Logs accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention(u32);

/// A number of days that CloudWatch Logs would reject.
#[derive(Debug, thiserror::Error)]
#[error(
    "{found} is not a retention of CloudWatch Logs, expected one of {} (days)",
    valid_days()
)]
pub(crate) struct InvalidRetention {
    found: String,
}

impl Retention {
    pub(crate) const DEFAULT: Self = Self(30);

    /// Parses a number of days. The error lists all valid numbers.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidRetention> {
        match text.parse() {
            Ok(days) if VALID_DAYS.contains(&days) => Ok(Self(days)),
            _ => Err(InvalidRetention {
                found: text.to_owned(),
            }),
        }
    }

    /// Returns the retention of a number of days that a log group had.
    pub(crate) fn of_days(days: u32) -> Result<Self, InvalidRetention> {
        Self::parse(&days.to_string())
    }

    pub(crate) fn days(self) -> u32 {
        self.0
    }
}

/// The retention that a rule chooses for a log group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DesiredRetention {
    Days(Retention),
    Never,
    /// The group stays as it is.
    Unmanaged,
}

impl DesiredRetention {
    /// Parses the value of `days` in a rule: a number, `"never"`, or `null` for a group to leave alone.
    pub(crate) fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::Unmanaged),
            Value::String(text) if text == "never" => Ok(Self::Never),
            value => Retention::parse(&value.to_string())
                .map(Self::Days)
                .map_err(|error| format!(r#"{error}, or "never", or null to leave the log group alone"#)),
        }
    }

    /// Reads the key `days` of a rule, which must be present: `null` has a meaning of its own.
    pub(crate) fn read(fields: &Fields) -> Option<Self> {
        let Some(value) = fields.value("days") else {
            fields.fault("days", "missing");
            return None;
        };
        Self::parse(value)
            .map_err(|fault| fields.fault("days", fault))
            .ok()
    }
}

/// Returns the retention to set on a log group that has `current` days, or `None` if the group stays as it is. The inner
/// `None` removes the retention.
///
/// A retention that the owner chose, longer or shorter, changes only with `enforce`.
pub(crate) fn retention_to_set(
    current: Option<u32>,
    desired: DesiredRetention,
    enforce: bool,
) -> Option<Option<Retention>> {
    match (desired, current) {
        (DesiredRetention::Days(desired), None) => Some(Some(desired)),
        (DesiredRetention::Days(desired), Some(days)) if enforce && days != desired.days() => {
            Some(Some(desired))
        }
        (DesiredRetention::Never, Some(_)) if enforce => Some(None),
        _ => None,
    }
}

fn valid_days() -> String {
    VALID_DAYS.map(|days| days.to_string()).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_22_periods_of_cloudwatch_logs_and_no_other() {
        let accepted = (0..5000)
            .filter(|days: &u32| Retention::parse(&days.to_string()).is_ok())
            .count();
        assert_eq!(accepted, 22);
        assert_eq!(Retention::parse("365").map(Retention::days).ok(), Some(365));
    }

    #[test]
    fn lists_the_valid_periods_for_an_invalid_one() {
        for invalid in ["31", "0", "-1", "never", "30.0"] {
            let error = Retention::parse(invalid).expect_err("is not valid").to_string();
            assert!(
                error.contains(invalid) && error.contains("1, 3, 5, 7, 14, 30, 60"),
                "{error}"
            );
            assert!(error.contains("3288, 3653 (days)"), "{error}");
        }
    }

    #[test]
    fn sets_a_missing_retention_and_keeps_the_one_that_the_owner_chose() {
        let desired = DesiredRetention::Days(Retention::DEFAULT);
        let set = Some(Some(Retention::DEFAULT));
        assert_eq!(retention_to_set(None, desired, false), set);
        assert_eq!(retention_to_set(Some(30), desired, true), None);
        assert_eq!(retention_to_set(Some(365), desired, false), None);
        assert_eq!(retention_to_set(Some(7), desired, false), None);
        assert_eq!(retention_to_set(Some(365), desired, true), set);
    }

    #[test]
    fn never_removes_a_retention_with_enforce_only_and_null_removes_none() {
        let never = DesiredRetention::Never;
        assert_eq!(retention_to_set(None, never, true), None);
        assert_eq!(retention_to_set(Some(7), never, false), None);
        assert_eq!(retention_to_set(Some(7), never, true), Some(None));
        for current in [None, Some(7)] {
            assert_eq!(retention_to_set(current, DesiredRetention::Unmanaged, true), None);
        }
    }
}
