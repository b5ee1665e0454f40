//! The JSON that the function returns.

use std::fmt;

use serde::Serialize;

use crate::handler::AccountRole;
use crate::never_expiring::Report;
use crate::settings_difference::Change;
use crate::stage::{Api, ApiType};

/// Response to every event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// Response to a call, a sweep or a restoration.
    Stages(FunctionResponse),
    /// Response to a report event.
    Report(Report),
}

/// Response to every event but a report.
#[derive(Debug, Default, Serialize)]
pub struct FunctionResponse {
    pub(crate) stages: Vec<StageResult>,
    /// Log groups of these stages; after a sweep, only those that were created or changed.
    pub(crate) log_groups: Vec<LogGroupResult>,
    /// True if another invocation continues the sweep.
    pub(crate) continued: bool,
    /// The account's CloudWatch role, if an API needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_role: Option<AccountRole>,
    /// Number of stages by outcome, after a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) counts: Option<StageCounts>,
}

#[derive(Debug, Serialize)]
pub(crate) struct StageResult {
    api_id: String,
    /// `None` if the event does not imply it.
    api_type: Option<ApiType>,
    /// `None` for a deployment that no stage shows.
    stage: Option<String>,
    /// Changes that were made; in a dry run, those that would be made.
    pub(crate) changes: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<SkipReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// Reasons for which a stage is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SkipReason {
    FailedCall,
    /// The deployment is on no stage. When a stage gets it, that change sends another event.
    NoStage,
    Gone,
    SkipTag,
    /// Quick create made the stage, and API Gateway rejects changes to it.
    Managed,
    /// The call was made in another account or Region.
    Foreign,
    /// This function or another one of Nightshift made the call.
    Ours,
}

/// Reasons for which a log group is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogGroupSkipReason {
    /// A retention policy of the account applies to the group, and a retention of its own has no effect.
    AccountPolicy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LogGroupResult {
    pub(crate) name: String,
    pub(crate) created: bool,
    pub(crate) retention: RetentionChange,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<LogGroupSkipReason>,
}

/// Retention before and after, in days; `None` never expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RetentionChange {
    pub(crate) from: Option<u32>,
    /// Retention after the invocation; in a dry run, the one that it would set.
    pub(crate) to: Option<u32>,
}

/// Number of stages by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct StageCounts {
    pub(crate) found: usize,
    pub(crate) changed: usize,
    /// Stages that needed no change, or have settings that the owner has chosen.
    pub(crate) left: usize,
    pub(crate) skipped: usize,
    pub(crate) failed: usize,
}

impl StageResult {
    /// Returns a result without any changes.
    pub(crate) fn new(api: &Api, stage: &str) -> Self {
        Self::from_event(&api.id, Some(api.api_type), Some(stage))
    }

    /// Returns a result for an API or a stage of which only the event is known.
    pub(crate) fn from_event(api_id: &str, api_type: Option<ApiType>, stage: Option<&str>) -> Self {
        Self {
            api_id: api_id.to_owned(),
            api_type,
            stage: stage.map(str::to_owned),
            changes: Vec::new(),
            skipped: None,
            error: None,
        }
    }

    /// Marks the stage as skipped, and logs it.
    pub(crate) fn skip(&mut self, reason: SkipReason) {
        tracing::info!(api.id = self.api_id, "skipped stage {}: {reason}", self.place());
        self.skipped = Some(reason);
    }

    /// Logs the changes in one line, whose field `change` is the form of a restore event.
    pub(crate) fn log_changes(&self, is_dry_run: bool) {
        if self.changes.is_empty() {
            return;
        }
        let changes: Vec<String> = self.changes.iter().map(Change::to_string).collect();
        tracing::info!(
            api.id = self.api_id,
            stage = self.stage,
            change = serde_json::to_string(self).unwrap_or_default(),
            "{} stage {}: {}",
            verb(is_dry_run),
            self.place(),
            changes.join(", ")
        );
    }

    /// Returns `api/stage` for messages.
    pub(crate) fn place(&self) -> String {
        format!("{}/{}", self.api_id, self.stage.as_deref().unwrap_or("(unknown)"))
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FailedCall => "the call that CloudTrail recorded failed",
            Self::NoStage => "no stage shows the deployment, or the new API has no stage yet",
            Self::Gone => "the stage or its API no longer exists",
            Self::SkipTag => "the stage or its API has the skip tag",
            Self::Managed => "API Gateway manages the stage and rejects changes to it",
            Self::Foreign => "the call was made in another account or Region",
            Self::Ours => "a function of Nightshift made the call",
        })
    }
}

impl LogGroupResult {
    /// Marks the log group as skipped, and logs it.
    pub(crate) fn skip(&mut self, reason: LogGroupSkipReason) {
        let LogGroupSkipReason::AccountPolicy = reason;
        tracing::info!(
            log_group = self.name,
            "skipped log group {}: a retention policy of the account applies to it",
            self.name
        );
        self.skipped = Some(reason);
    }

    /// Logs the change in one line, whose field `change` is the form of a restore event.
    pub(crate) fn log(&self, is_dry_run: bool) {
        let days = |days: Option<u32>| days.map_or("never".to_owned(), |days| format!("{days} days"));
        let RetentionChange { from, to } = self.retention;
        let creation = match self.created {
            true => "created, ",
            false => "",
        };
        tracing::info!(
            log_group = self.name,
            change = serde_json::to_string(self).unwrap_or_default(),
            "{} log group {}: {creation}retention from {} to {}",
            verb(is_dry_run),
            self.name,
            days(from),
            days(to)
        );
    }

    pub(crate) fn is_change(&self) -> bool {
        self.created || self.retention.from != self.retention.to
    }
}

fn verb(is_dry_run: bool) -> &'static str {
    match is_dry_run {
        true => "would change",
        false => "changed",
    }
}

impl StageCounts {
    pub(crate) fn of(stages: &[StageResult]) -> Self {
        let mut counts = Self {
            found: stages.len(),
            ..Self::default()
        };
        for stage in stages {
            let count = match stage {
                StageResult { error: Some(_), .. } => &mut counts.failed,
                StageResult { skipped: Some(_), .. } => &mut counts.skipped,
                StageResult { changes, .. } if changes.is_empty() => &mut counts.left,
                _ => &mut counts.changed,
            };
            *count += 1;
        }
        counts
    }
}
