//! The function's variables.

use std::time::Duration;

use lambda_core::variables::{ConfigurationError, Variables};

/// Lambda's responses end at 6 MB, and a proxy's body is quoted in one.
const GREATEST_MAX_BYTES: u32 = 6_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Disables the masking of secrets.
    pub(crate) echo_secrets: bool,
    pub(crate) limits: Limits,
    pub(crate) function_timeout: Duration,
}

/// Upper bounds of the response options that cost time or traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) bytes: u64,
    pub(crate) delay_ms: u64,
}

impl Config {
    /// Reads all variables. The error names every malformed one.
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let echo_secrets = variables.boolean("ECHO_SECRETS", false);
        let max_bytes = variables.number("MAX_BYTES", 1_000_000, 0);
        let max_delay_ms = variables.number("MAX_DELAY_MS", 5_000, 0);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        if max_bytes.is_some_and(|bytes| bytes > GREATEST_MAX_BYTES) {
            variables.fault(format!(
                "MAX_BYTES is malformed: expected at most {GREATEST_MAX_BYTES}, because Lambda's responses end at 6 MB"
            ));
        }
        variables.finish(|| {
            Some(Self {
                echo_secrets: echo_secrets?,
                limits: Limits {
                    bytes: max_bytes?.into(),
                    delay_ms: max_delay_ms?.into(),
                },
                function_timeout: Duration::from_secs(function_timeout?.into()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_secrets_and_limits_responses_by_default() {
        let config = Config::from_variables(&[("ECHO_SECRETS", "")].into_iter().collect());
        let config = config.expect("all have defaults");
        assert!(!config.echo_secrets);
        let limits = Limits {
            bytes: 1_000_000,
            delay_ms: 5_000,
        };
        assert_eq!(config.limits, limits);
    }

    #[test]
    fn reports_malformed_variables() {
        let variables: Variables = [
            ("ECHO_SECRETS", "yes"),
            ("FUNCTION_TIMEOUT_S", "0"),
            ("MAX_BYTES", "6000001"),
            ("MAX_DELAY_MS", "5s"),
        ]
        .into_iter()
        .collect();
        let message = Config::from_variables(&variables)
            .expect_err("four faults were planted")
            .to_string();
        for fault in [
            "ECHO_SECRETS is malformed: expected true or false",
            "FUNCTION_TIMEOUT_S is malformed",
            "MAX_BYTES is malformed: expected at most 6000000",
            "MAX_DELAY_MS is malformed: expected a whole number of at least 0",
        ] {
            assert!(message.contains(fault), "{fault} is not in: {message}");
        }
    }
}
