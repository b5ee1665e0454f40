//! The function's variables.

use std::time::Duration;

use jiff::tz::TimeZone;
use lambda_core::variables::{ConfigurationError, Variables};
use postgres_session::DatabaseSettings;
use stat_ledger::analysis_functions::AnalysisFunctions;

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) database: DatabaseSettings,
    pub(crate) analysis_functions: AnalysisFunctions,
    /// Number of texts that a task should have.
    pub(crate) texts_per_task: u32,
    /// Time zone in which months begin and end.
    pub(crate) time_zone: TimeZone,
    /// ARN of the SNS topic for warnings; without it they are only logged.
    pub(crate) warnings_topic: Option<String>,
    pub(crate) function_timeout: Duration,
}

impl Config {
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
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
    fn reports_all_malformed_variables_at_once() {
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
            assert!(message.contains(name), "{name} is missing in: {message}");
        }
    }

    #[test]
    fn requires_only_the_database() {
        let variables: Variables = [("DATABASE_URL", "postgres://u@db/x")].into_iter().collect();
        let config = Config::from_variables(&variables).expect("everything else has a default");
        assert_eq!(config.texts_per_task, 20_000);
        assert_eq!(config.time_zone.iana_name(), Some("Asia/Seoul"));
    }
}
