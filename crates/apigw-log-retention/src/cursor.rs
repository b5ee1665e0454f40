//! How far a sweep has come.

use serde::{Deserialize, Serialize};

/// What a sweep goes through, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Stages of REST APIs.
    Rest,
    /// Stages of HTTP and WebSocket APIs.
    V2,
    /// Log groups that no stage has any more.
    LogGroups,
}

/// The last stage that is done. A sweep goes through APIs by id and through stages by name, so that one that
/// has come or gone in between moves no other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    phase: Phase,
    #[serde(default)]
    api_id: String,
    #[serde(default)]
    stage: String,
}

impl Cursor {
    /// In front of everything.
    pub fn start() -> Self {
        Self::at(Phase::Rest, "", "")
    }

    /// Behind this stage.
    pub fn at(phase: Phase, api_id: &str, stage: &str) -> Self {
        Self {
            phase,
            api_id: api_id.to_owned(),
            stage: stage.to_owned(),
        }
    }

    /// Whether an API may have stages that are not done.
    pub fn leaves_api(&self, phase: Phase, api_id: &str) -> bool {
        (phase, api_id) >= (self.phase, self.api_id.as_str())
    }

    /// Whether a stage is not done.
    pub fn leaves_stage(&self, phase: Phase, api_id: &str, stage: &str) -> bool {
        (phase, api_id, stage) > (self.phase, self.api_id.as_str(), self.stage.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn goes_on_behind_the_last_stage_that_is_done() {
        let cursor = Cursor::at(Phase::Rest, "b", "dev");
        assert!(!cursor.leaves_api(Phase::Rest, "a"));
        assert!(cursor.leaves_api(Phase::Rest, "b") && cursor.leaves_api(Phase::V2, "a"));
        assert!(!cursor.leaves_stage(Phase::Rest, "b", "alpha"));
        assert!(!cursor.leaves_stage(Phase::Rest, "b", "dev"));
        assert!(cursor.leaves_stage(Phase::Rest, "b", "prod"));
        assert!(cursor.leaves_stage(Phase::V2, "a", "$default"));
        assert!(Cursor::start().leaves_stage(Phase::Rest, "a", "dev"));
    }

    #[test]
    fn is_written_as_the_contract_says() {
        let cursor = serde_json::to_value(Cursor::at(Phase::LogGroups, "a", "b")).expect("is JSON");
        assert_eq!(
            cursor,
            json!({"phase": "log_groups", "api_id": "a", "stage": "b"})
        );
    }
}
