//! What the function returns.

use serde::Serialize;

use crate::plan::Change;
use crate::stage::{Api, ApiKind};

/// The answer to every event.
#[derive(Debug, Default, Serialize)]
pub struct Answer {
    /// The stages that were looked at.
    pub stages: Vec<StageAnswer>,
    /// Their log groups; after a sweep, those that it made or changed.
    pub log_groups: Vec<LogGroupAnswer>,
    /// Whether another invocation goes on with the rest.
    pub continued: bool,
    /// How many stages there were of each kind, after a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
}

/// What became of a stage.
#[derive(Debug, Serialize)]
pub struct StageAnswer {
    api_id: String,
    /// Null where the event does not tell.
    api_type: Option<ApiKind>,
    /// Null for a deployment that no stage shows.
    stage: Option<String>,
    /// What was changed; in a dry run, what would be.
    pub changes: Vec<Change>,
    /// Why it was left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a stage is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// The call that the event tells of was refused, so there is nothing new.
    FailedCall,
    /// No stage shows the deployment. One that will has an event of its own.
    NoStage,
    /// There is no such stage or API any more.
    Gone,
    /// It has the tag, or its API has.
    SkipTag,
    /// API Gateway made it by quick create and lets nobody change it.
    Managed,
}

/// What became of a log group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogGroupAnswer {
    /// Its name.
    pub name: String,
    /// Whether there was none.
    pub created: bool,
    /// Its retention.
    pub retention: RetentionChange,
}

/// Days; null is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetentionChange {
    /// What it was.
    pub from: Option<u32>,
    /// What it is; in a dry run, what it would be.
    pub to: Option<u32>,
}

/// How many stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// In all.
    pub found: usize,
    /// Of which something was changed.
    pub changed: usize,
    /// That were right, or an owner's business.
    pub left: usize,
    /// Not looked at, for a reason.
    pub skipped: usize,
    /// That could not be brought into order.
    pub failed: usize,
}

impl StageAnswer {
    /// For a stage of an API; nothing has happened yet.
    pub fn new(api: &Api, stage: &str) -> Self {
        Self::of(&api.id, Some(api.kind), Some(stage))
    }

    /// For what an event tells.
    pub fn of(api_id: &str, api_type: Option<ApiKind>, stage: Option<&str>) -> Self {
        Self {
            api_id: api_id.to_owned(),
            api_type,
            stage: stage.map(str::to_owned),
            changes: Vec::new(),
            skipped: None,
            error: None,
        }
    }

    /// Left alone.
    pub fn skipped(mut self, why: Skipped) -> Self {
        self.skipped = Some(why);
        self
    }

    /// `api/stage`, for errors.
    pub fn place(&self) -> String {
        format!("{}/{}", self.api_id, self.stage.as_deref().unwrap_or_default())
    }
}

impl LogGroupAnswer {
    /// Whether it was made or changed.
    pub fn is_change(&self) -> bool {
        self.created || self.retention.from != self.retention.to
    }
}

impl Counts {
    /// Counts.
    pub fn of(stages: &[StageAnswer]) -> Self {
        let mut counts = Self {
            found: stages.len(),
            ..Self::default()
        };
        for stage in stages {
            let kind = match stage {
                StageAnswer { error: Some(_), .. } => &mut counts.failed,
                StageAnswer { skipped: Some(_), .. } => &mut counts.skipped,
                StageAnswer { changes, .. } if changes.is_empty() => &mut counts.left,
                _ => &mut counts.changed,
            };
            *kind += 1;
        }
        counts
    }
}
