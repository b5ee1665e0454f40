//! One invocation's work on stages and log groups.

use lambda_core::invocation::Invocation;

use super::ApigwLogRetention;
use super::account_role::AccountRole;
use crate::adapters::requests::{RequestError, Requests};
use crate::function_response::{FunctionResponse, SkipReason, StageResult};
use crate::known_log_groups::KnownLogGroups;
use crate::stage::{Api, ApiType, Stage};

/// State and results of one invocation.
pub(super) struct Reconciliation<'a> {
    pub(super) function: &'a ApigwLogRetention,
    pub(super) requests: Requests,
    pub(super) log_groups: KnownLogGroups,
    /// True if all log groups were read at the start. Otherwise each is read when a stage needs it.
    pub(super) has_all_log_groups: bool,
    /// `None` until a stage needs the role.
    pub(super) account_role: Option<AccountRole>,
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
            account_role: None,
            response: FunctionResponse::default(),
            failures: Vec::new(),
        }
    }

    /// Gives a stage its log groups and settings. Records a failure instead of returning it, so that the next stage
    /// is still processed.
    pub(super) async fn stage(&mut self, api: &Api, stage: &Stage) {
        let mut result = StageResult::new(api, &stage.name);
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
        self.response.stages.push(result);
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
