//! One invocation's work on stages and log groups.

use std::collections::BTreeSet;

use lambda_core::invocation::Invocation;

use super::ApigwLogRetention;
use crate::adapters::log_delivery::Deliveries;
use crate::adapters::requests::{RequestError, Requests};
use crate::function_response::{FunctionResponse, SkipReason, StageResult};
use crate::known_log_groups::KnownLogGroups;
use crate::log_group_name::{Owner, canary_log_group, name_in_arn};
use crate::stage::{Api, ApiType, Stage};

/// State and results of one invocation.
pub(super) struct Reconciliation<'a> {
    pub(super) function: &'a ApigwLogRetention,
    pub(super) requests: Requests,
    pub(super) log_groups: KnownLogGroups,
    /// True if all log groups were read at the start. Otherwise each is read when a stage needs it.
    pub(super) has_all_log_groups: bool,
    /// Log groups of owners' choice that stages name. The rules for other log groups do not apply to them.
    pub(super) named_groups: BTreeSet<String>,
    /// `None` until a stage needs them.
    pub(super) deliveries: Option<Deliveries>,
    pub(super) response: FunctionResponse,
    pub(super) failures: Vec<anyhow::Error>,
}

impl<'a> Reconciliation<'a> {
    pub(super) fn new(function: &'a ApigwLogRetention, requests: Requests, invocation: &Invocation) -> Self {
        Self {
            function,
            requests,
            log_groups: KnownLogGroups::new(&invocation.function_arn, &function.region),
            has_all_log_groups: false,
            named_groups: BTreeSet::new(),
            deliveries: None,
            response: FunctionResponse::default(),
            failures: Vec::new(),
        }
    }

    /// Gives a stage its log groups and settings. Records a failure instead of returning it, so that the next stage
    /// is still processed.
    pub(super) async fn stage(&mut self, api: &Api, stage: &Stage) {
        let mut result = StageResult::new(api, &stage.name);
        self.note_owner_group(stage);
        let tag = &self.function.config.skip_tag;
        if api.tag_keys.contains(tag) || stage.tag_keys.contains(tag) {
            result.skip(SkipReason::SkipTag);
        } else if let Err(error) = self.stage_settings(api, stage, &mut result).await {
            if error.is::<StageGone>() || is_rejected(&error, RequestError::is_not_found) {
                result.skip(SkipReason::Gone);
            } else if stage.is_managed && is_rejected(&error, RequestError::is_bad_request) {
                result.skip(SkipReason::Managed);
            } else {
                let error = error.context(format!("stage {}", result.place()));
                result.error = Some(format!("{error:#}"));
                self.failures.push(error);
            }
        }
        result.log_changes(self.function.config.dry_run);
        self.response.stages.push(result);
    }

    /// Remembers the log group that a stage's owner has chosen.
    fn note_owner_group(&mut self, stage: &Stage) {
        let name = stage.settings.destination.as_deref().and_then(name_in_arn);
        let pattern = &self.function.config.access_log_group;
        if let Some(name) = name.filter(|name| Owner::parse(name, pattern).is_none()) {
            self.named_groups.insert(name.to_owned());
            self.named_groups.insert(canary_log_group(name));
        }
    }

    /// Reads an API's stages, ordered by name.
    pub(super) async fn read_stages(&self, api: &Api) -> Result<Vec<Stage>, RequestError> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        let mut stages = match api.api_type {
            ApiType::Rest => rest.stages(&self.requests, &api.id).await?,
            ApiType::Http | ApiType::WebSocket => v2.stages(&self.requests, &api.id).await?,
        };
        stages.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(stages)
    }
}

/// The stage was deleted while this invocation worked on it.
#[derive(Debug, thiserror::Error)]
#[error("the stage no longer exists")]
pub(super) struct StageGone;

/// Returns true if AWS rejected a request for the given reason.
pub(super) fn is_rejected(error: &anyhow::Error, reason: fn(&RequestError) -> bool) -> bool {
    error.downcast_ref().is_some_and(reason)
}
