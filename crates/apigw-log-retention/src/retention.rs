//! How many days a log group keeps its events.

use serde::{Deserialize, Serialize};

/// The values that CloudWatch Logs takes (CloudWatch Logs API Reference, PutRetentionPolicy). "Never" is none
/// of them: it is the absence of a retention.
const VALID: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// A retention in days, one of the 22 that CloudWatch Logs knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "u32")]
pub struct Retention(u32);

/// A number of days that CloudWatch Logs would refuse.
#[derive(Debug, thiserror::Error)]
#[error(
    "{days} is no retention that CloudWatch Logs knows, expected one of {} (days)",
    valid()
)]
pub struct InvalidRetention {
    days: String,
}

impl Retention {
    /// Thirty days.
    pub const DEFAULT: Self = Self(30);

    /// From a variable's text.
    ///
    /// # Errors
    /// With all values that are valid.
    pub fn parse(text: &str) -> Result<Self, InvalidRetention> {
        text.parse::<u32>()
            .map_err(|_| InvalidRetention {
                days: format!("{text:?}"),
            })?
            .try_into()
    }

    /// The number of days.
    pub fn days(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Retention {
    type Error = InvalidRetention;

    fn try_from(days: u32) -> Result<Self, InvalidRetention> {
        match VALID.contains(&days) {
            true => Ok(Self(days)),
            false => Err(InvalidRetention {
                days: days.to_string(),
            }),
        }
    }
}

/// The retention to set on a group that has `present` days, or none for ever; nothing where it may stay.
///
/// A retention that somebody chose is his to keep, unless `enforce`.
pub fn to_set(present: Option<u32>, wanted: Retention, enforce: bool) -> Option<Retention> {
    match present {
        None => Some(wanted),
        Some(days) if enforce && days != wanted.days() => Some(wanted),
        Some(_) => None,
    }
}

fn valid() -> String {
    VALID.map(|days| days.to_string()).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_22_values_that_cloudwatch_logs_knows_and_no_other() {
        let taken = (0..5000)
            .filter(|days| Retention::try_from(*days).is_ok())
            .count();
        assert_eq!(taken, 22);
        assert_eq!(Retention::parse("365").map(Retention::days).ok(), Some(365));
    }

    #[test]
    fn lists_the_valid_values_where_one_is_wrong() {
        for wrong in ["31", "0", "-1", "never", "30.0"] {
            let error = Retention::parse(wrong).expect_err("is not valid").to_string();
            assert!(
                error.contains(wrong) && error.contains("1, 3, 5, 7, 14, 30, 60"),
                "{error}"
            );
            assert!(error.contains("3288, 3653 (days)"), "{error}");
        }
    }

    #[test]
    fn gives_an_end_to_what_has_none_and_leaves_what_somebody_chose() {
        let wanted = Retention::DEFAULT;
        assert_eq!(to_set(None, wanted, false), Some(wanted));
        assert_eq!(to_set(Some(30), wanted, true), None);
        assert_eq!(to_set(Some(365), wanted, false), None);
        assert_eq!(to_set(Some(7), wanted, false), None);
        assert_eq!(to_set(Some(365), wanted, true), Some(wanted));
    }
}
