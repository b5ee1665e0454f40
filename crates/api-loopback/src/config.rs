//! The function's variables.

use lambda_core::variables::{ConfigurationError, Variables};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Disables the masking of secrets.
    pub(crate) echo_secrets: bool,
    pub(crate) function_timeout: Duration,
}

impl Config {
    /// Reads all variables. The error names every malformed one.
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let echo_secrets = variables.boolean("ECHO_SECRETS", false);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                echo_secrets: echo_secrets?,
                function_timeout: Duration::from_secs(function_timeout?.into()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_secrets_by_default() {
        let config = Config::from_variables(&[("ECHO_SECRETS", "")].into_iter().collect());
        assert!(!config.expect("all have defaults").echo_secrets);
    }

    #[test]
    fn reports_malformed_variables() {
        let variables: Variables = [("ECHO_SECRETS", "yes"), ("FUNCTION_TIMEOUT_S", "0")]
            .into_iter()
            .collect();
        let message = Config::from_variables(&variables)
            .expect_err("two faults were planted")
            .to_string();
        assert!(
            message.contains("ECHO_SECRETS is malformed: expected true or false")
                && message.contains("FUNCTION_TIMEOUT_S is malformed"),
            "{message}"
        );
    }
}
