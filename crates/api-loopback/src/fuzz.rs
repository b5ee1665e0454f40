//! The parsers of foreign bytes, for the targets in `fuzz/`. Unit tests compile this module too, so it cannot fall behind.

use std::time::Duration;

use lambda_core::variables::Variables;
use serde_json::value::RawValue;

use crate::config::{Config, Limits};
use crate::event::{Fields, Integration, option_values};
use crate::response_options::ResponseOptions;
use crate::secret;

/// Reads all variables. The error lists the faults.
pub fn configuration(variables: &[(&str, &str)]) -> Result<(), String> {
    let variables: Variables = variables.iter().copied().collect();
    let config = Config::from_variables(&variables);
    config.map(drop).map_err(|error| error.to_string())
}

/// Masks the secrets of an event.
pub fn masked(event: Box<RawValue>) -> Result<Box<RawValue>, String> {
    secret::mask(event).map_err(|error| error.to_string())
}

/// Reads the options of a request, with limits of 1000 bytes and 100 ms. Returns status, bytes and delay.
pub fn options(event: &RawValue) -> Result<(u16, usize, Duration), String> {
    let fields = Fields::parse(event);
    let _ = Integration::of(&fields);
    let limits = Limits {
        bytes: 1000,
        delay_ms: 100,
    };
    let options = ResponseOptions::parse(&option_values(&fields), limits, Duration::from_secs(10));
    let options = options.map_err(|error| error.to_string())?;
    Ok((options.status, options.bytes, options.delay))
}
