//! The position at which a sweep continues.

use serde::{Deserialize, Serialize};

/// Phases of a sweep, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Stages of REST APIs.
    Rest,
    /// Stages of HTTP and WebSocket APIs.
    V2,
    /// Log groups that have no retention after the other phases, such as those of deleted stages, and all others.
    LogGroups,
}

/// The last stage that a sweep has completed. A sweep orders APIs by id and stages by name, so that one that is
/// created or deleted between two invocations shifts no other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    phase: Phase,
    #[serde(default)]
    api_id: String,
    #[serde(default)]
    stage: String,
    /// Name of the last log group, in the phase of log groups.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    log_group: String,
}

impl Cursor {
    /// Returns the position before the first stage.
    pub(crate) fn start() -> Self {
        Self::after(Phase::Rest, "", "")
    }

    /// Returns the position after a stage.
    pub(crate) fn after(phase: Phase, api_id: &str, stage: &str) -> Self {
        Self {
            phase,
            api_id: api_id.to_owned(),
            stage: stage.to_owned(),
            log_group: String::new(),
        }
    }

    /// Returns the position after a log group.
    pub(crate) fn after_log_group(name: &str) -> Self {
        Self {
            log_group: name.to_owned(),
            ..Self::after(Phase::LogGroups, "", "")
        }
    }

    /// Returns true if the sweep has not completed the log group.
    pub(crate) fn is_log_group_pending(&self, name: &str) -> bool {
        self.phase < Phase::LogGroups || name > self.log_group.as_str()
    }

    /// Returns true if the API may have stages that the sweep has not completed.
    pub(crate) fn is_api_pending(&self, phase: Phase, api_id: &str) -> bool {
        (phase, api_id) >= (self.phase, self.api_id.as_str())
    }

    /// Returns true if the sweep has not completed the stage.
    pub(crate) fn is_stage_pending(&self, phase: Phase, api_id: &str, stage: &str) -> bool {
        (phase, api_id, stage) > (self.phase, self.api_id.as_str(), self.stage.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn continues_after_the_last_completed_stage() {
        let cursor = Cursor::after(Phase::Rest, "b", "dev");
        assert!(!cursor.is_api_pending(Phase::Rest, "a"));
        assert!(cursor.is_api_pending(Phase::Rest, "b") && cursor.is_api_pending(Phase::V2, "a"));
        assert!(!cursor.is_stage_pending(Phase::Rest, "b", "alpha"));
        assert!(!cursor.is_stage_pending(Phase::Rest, "b", "dev"));
        assert!(cursor.is_stage_pending(Phase::Rest, "b", "prod"));
        assert!(cursor.is_stage_pending(Phase::V2, "a", "$default"));
        assert!(Cursor::start().is_stage_pending(Phase::Rest, "a", "dev"));
    }

    #[test]
    fn continues_after_the_last_completed_log_group() {
        let cursor = Cursor::after_log_group("/b");
        assert!(!cursor.is_log_group_pending("/b") && cursor.is_log_group_pending("/c"));
        assert!(Cursor::start().is_log_group_pending("/a"));
        assert!(!cursor.is_api_pending(Phase::V2, "z"));
    }

    #[test]
    fn serializes_to_the_cursor_of_a_sweep_event() {
        let cursor = serde_json::to_value(Cursor::after(Phase::LogGroups, "a", "b")).expect("is JSON");
        assert_eq!(
            cursor,
            json!({"phase": "log_groups", "api_id": "a", "stage": "b"})
        );
    }
}
