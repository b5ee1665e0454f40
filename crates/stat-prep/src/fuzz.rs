//! The parsers of foreign bytes, for the targets in `fuzz/`. Unit tests compile this module too, so it cannot fall behind.

use jiff::tz::TimeZone;
use lambda_core::variables::Variables;
use serde_json::Value;

use crate::config::Config;
use crate::event::Event;

/// Reads all variables. The error lists the faults.
pub fn configuration(variables: &[(&str, &str)]) -> Result<(), String> {
    let variables: Variables = variables.iter().copied().collect();
    let config = Config::from_variables(&variables);
    config.map(drop).map_err(|error| error.to_string())
}

/// Parses an event. Returns the month that it requests, and nothing for an event that resumes all.
pub fn month(event: &Value) -> Result<Option<String>, String> {
    match Event::parse(event).map_err(|error| error.to_string())? {
        Event::Resume(_) => Ok(None),
        Event::Month(request) => {
            let period = request
                .period(&TimeZone::UTC)
                .map_err(|error| error.to_string())?;
            Ok(Some(period.to_string()))
        }
    }
}
