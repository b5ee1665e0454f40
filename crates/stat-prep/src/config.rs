//! The function's variables.

use jiff::tz::TimeZone;
use lambda_core::variables::{ConfigurationError, Variables};
use stat_ledger::analysis_functions::AnalysisFunctions;
use stat_ledger::database::DatabaseSettings;
use std::time::Duration;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the database is.
    pub database: DatabaseSettings,
    /// Who does the tasks.
    pub analysis_functions: AnalysisFunctions,
    /// How many texts a task should hold.
    pub texts_per_task: u32,
    /// In which zone a month begins and ends.
    pub time_zone: TimeZone,
    /// Where warnings go; without it they are logged only.
    pub warnings_topic: Option<String>,
    /// See `lambda-core`.
    pub function_timeout: Duration,
}

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    /// One that names every missing and malformed variable.
    pub fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let database = DatabaseSettings::from_variables(variables);
        let analysis_functions = AnalysisFunctions::from_variables(variables);
        let texts_per_task = variables.number("STAT_TEXTS_PER_TASK", 20_000, 1);
        let time_zone = stat_ledger::period::time_zone(variables);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                database: database?,
                analysis_functions: analysis_functions?,
                texts_per_task: texts_per_task?,
                time_zone: time_zone?,
                warnings_topic: variables.text("SNS_TOPIC_ARN").map(str::to_owned),
                function_timeout: Duration::from_secs(function_timeout?.into()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_wrong_variable_at_once() {
        let variables: Variables = [
            ("DATABASE_URL", "mysql://x"),
            ("STAT_TIME_ZONE", "Seoul"),
            ("STAT_TEXTS_PER_TASK", "0"),
            ("STAT_ANALYSIS_FUNCTIONS", "a,"),
        ]
        .into_iter()
        .collect();
        let message = Config::from_variables(&variables)
            .expect_err("four faults")
            .to_string();
        for name in [
            "DATABASE_URL",
            "STAT_TIME_ZONE",
            "STAT_TEXTS_PER_TASK",
            "STAT_ANALYSIS_FUNCTIONS",
        ] {
            assert!(message.contains(name), "{name} is not named in: {message}");
        }
    }

    #[test]
    fn needs_nothing_but_the_database() {
        let variables: Variables = [("DATABASE_URL", "postgres://u@db/x")].into_iter().collect();
        let config = Config::from_variables(&variables).expect("everything else has a default");
        assert_eq!(config.texts_per_task, 20_000);
        assert_eq!(config.time_zone.iana_name(), Some("Asia/Seoul"));
    }
}
