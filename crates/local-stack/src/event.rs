//! Events in `events/`, as AWS sends them.

use std::path::Path;

use serde_json::Value;

/// Reads `events/{function}/{case}.json`.
///
/// # Panics
/// Panics if the file does not exist or is not JSON.
#[track_caller]
pub fn event(function: &str, case: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let path = folder.join(function).join(format!("{case}.json"));
    let text =
        std::fs::read(&path).unwrap_or_else(|error| panic!("could not read {}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{} is not JSON: {error}", path.display()))
}
