//! Handles a recorded control plane call: for one stage, or for all stages of a deployment.

use lambda_core::invocation::Invocation;

use super::reconciliation::Reconciliation;
use super::{ApigwLogRetention, ReconciliationFailed, emit_metrics};
use crate::adapters::requests::{RequestError, Requests};
use crate::event::{ApiRef, CallTarget, ControlPlaneCall, Origin};
use crate::function_response::{FunctionResponse, SkipReason, StageResult};
use crate::stage::{Api, Stage};

impl ApigwLogRetention {
    pub(super) async fn control_plane_call(
        &self,
        call: &ControlPlaneCall,
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let requests = Requests::unpaced(invocation.deadline);
        let mut reconciliation = Reconciliation::new(self, requests, invocation);
        let skip_reason = self.skip_reason(&call.origin, invocation);
        let found = match skip_reason {
            Some(reason) => Err(reason),
            None => reconciliation.target_stages(call).await?,
        };
        match found {
            Ok((api, stages)) => {
                for stage in &stages {
                    reconciliation.stage(&api, stage).await;
                }
            }
            Err(skip_reason) => reconciliation.response.stages.push(skipped(call, skip_reason)),
        }
        emit_metrics(
            &invocation.function_name,
            &reconciliation.response,
            self.config.dry_run,
        );
        let Reconciliation {
            response,
            mut failures,
            ..
        } = reconciliation;
        match failures.len() {
            0 => Ok(response),
            1 => Err(failures.remove(0)),
            _ => Err(ReconciliationFailed::new(response.stages.len(), &failures).into()),
        }
    }

    /// Returns the reason to skip a call for its origin: another account or Region, where this function has no stages, or
    /// a function of Nightshift, so that this one never triggers itself.
    fn skip_reason(&self, origin: &Origin, invocation: &Invocation) -> Option<SkipReason> {
        const ROLE_PREFIX: &str = "nightshift";
        // arn:aws:lambda:ap-northeast-2:123456789012:function:name
        let account = invocation
            .function_arn
            .split(':')
            .nth(4)
            .filter(|account| !account.is_empty());
        let differs = |found: &Option<String>, own: Option<&str>| {
            found.as_deref().zip(own).is_some_and(|(found, own)| found != own)
        };
        let region = Some(self.region.as_str()).filter(|region| !region.is_empty());
        if differs(&origin.account, account) || differs(&origin.region, region) {
            return Some(SkipReason::Foreign);
        }
        let is_own_session = origin.session.as_deref() == Some(&invocation.function_name);
        // A role that deploys with CloudFormation may be called nightshift-github-dev.
        let is_nightshift = origin.role.as_deref().is_some_and(|role| {
            !origin.is_through_service && role.to_ascii_lowercase().starts_with(ROLE_PREFIX)
        });
        (is_own_session || is_nightshift).then_some(SkipReason::Ours)
    }
}

fn skipped(call: &ControlPlaneCall, reason: SkipReason) -> StageResult {
    let stage = match &call.target {
        CallTarget::Stage(name) | CallTarget::FailedCall(Some(name)) => Some(name.as_str()),
        CallTarget::Api | CallTarget::Deployment(_) | CallTarget::FailedCall(None) => None,
    };
    let mut result = StageResult::from_event(call.api.id(), call.api.api_type(), stage);
    result.skip(reason);
    result
}

impl Reconciliation<'_> {
    /// Reads the stages that a call created or changed, or returns the reason to skip it.
    async fn target_stages(
        &self,
        call: &ControlPlaneCall,
    ) -> Result<Result<(Api, Vec<Stage>), SkipReason>, RequestError> {
        let reason_without_stages = match &call.target {
            CallTarget::FailedCall(_) => return Ok(Err(SkipReason::FailedCall)),
            CallTarget::Deployment(None) => return Ok(Err(SkipReason::NoStage)),
            CallTarget::Api | CallTarget::Deployment(Some(_)) => SkipReason::NoStage,
            CallTarget::Stage(_) => SkipReason::Gone,
        };
        match self.read_target_stages(call).await {
            Ok((_, stages)) if stages.is_empty() => Ok(Err(reason_without_stages)),
            Ok(found) => Ok(Ok(found)),
            Err(error) if error.is_not_found() => Ok(Err(SkipReason::Gone)),
            Err(error) => Err(error),
        }
    }

    async fn read_target_stages(&self, call: &ControlPlaneCall) -> Result<(Api, Vec<Stage>), RequestError> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        let api = match &call.api {
            ApiRef::Rest(id) => rest.api(&self.requests, id).await?,
            ApiRef::V2(id) => v2.api(&self.requests, id).await?,
        };
        let mut stages = self.read_stages(&api).await?;
        stages.retain(|stage| match &call.target {
            CallTarget::Stage(name) => stage.name == *name,
            CallTarget::Deployment(id) => stage.deployment_id == *id,
            CallTarget::Api => true,
            CallTarget::FailedCall(_) => false,
        });
        Ok((api, stages))
    }
}
