//! Handles a sweep: all stages and log groups of the Region, as far as the time allows.

use std::time::Duration;

use lambda_core::invocation::Invocation;
use lambda_core::invoke::LAST_HOP;
use lambda_core::metrics::{self, Unit};
use serde_json::{Value, json};

use super::reconciliation::{Reconciliation, is_rejected};
use super::{ApigwLogRetention, ReconciliationFailed, emit_metrics};
use crate::adapters::requests::{RequestError, Requests};
use crate::cursor::{Cursor, Phase};
use crate::event::Sweep;
use crate::function_response::{FunctionResponse, StageResult};
use crate::log_group_name::{Owner, prefixes};
use crate::retention::{DesiredRetention, retention_to_set};
use crate::stage::{Api, ApiType, Stage};

/// Time to keep for completing the current stage and invoking the continuation.
const MAX_RESERVE: Duration = Duration::from_secs(20);

impl ApigwLogRetention {
    pub(super) async fn sweep(
        &self,
        sweep: &Sweep,
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let reserve = (invocation.deadline.total() / 4).min(MAX_RESERVE);
        let requests = Requests::paced(invocation.deadline, self.sweep_interval, reserve / 2);
        let mut reconciliation = Reconciliation::new(self, requests, invocation);
        reconciliation.named_groups.clone_from(&sweep.named_groups);
        let apis = reconciliation.read_apis().await?;
        reconciliation.read_all_log_groups().await?;
        let remaining = match reconciliation.sweep_stages(&apis, &sweep.cursor, reserve).await {
            Some(cursor) => Some(cursor),
            None => {
                reconciliation
                    .sweep_log_groups(&apis, &sweep.cursor, reserve)
                    .await
            }
        };
        let Reconciliation {
            mut response,
            failures,
            log_groups,
            named_groups,
            ..
        } = reconciliation;
        let counts = emit_metrics(&invocation.function_name, &response, self.config.dry_run);
        response.counts = Some(counts);
        match remaining {
            Some(cursor) => {
                let event = json!({"sweep": true, "cursor": cursor, "hop": sweep.hop + 1, "named_groups": named_groups});
                response.continued = self.continue_with(&event, sweep.hop, invocation).await?;
            }
            // An alarm rings if no sweep has finished for long.
            None => emit_unfinished(invocation, 0.0),
        }
        result(response, &failures, log_groups.iter().count())
    }

    /// Invokes this function for the rest of the sweep, and returns true, unless the sweep had too many hops already.
    async fn continue_with(&self, event: &Value, hop: u32, invocation: &Invocation) -> anyhow::Result<bool> {
        if hop >= LAST_HOP {
            tracing::warn!(
                "the sweep stops unfinished after {hop} hops at {}; the next sweep starts from the beginning",
                event["cursor"]
            );
            emit_unfinished(invocation, 1.0);
            return Ok(false);
        }
        self.invoker
            .invoke_event(&invocation.function_arn, event, invocation.deadline)
            .await?;
        Ok(true)
    }
}

/// Returns an error if anything failed, so that Lambda retries and an alarm rings. If another invocation continues the
/// sweep, failures are only logged: a retry would process its part a second time.
fn result(
    response: FunctionResponse,
    failures: &[anyhow::Error],
    log_groups: usize,
) -> anyhow::Result<FunctionResponse> {
    if failures.is_empty() {
        return Ok(response);
    }
    if response.continued {
        for failure in failures {
            tracing::warn!("reconciliation failed, the next sweep retries it: {failure:#}");
        }
        return Ok(response);
    }
    Err(ReconciliationFailed::new(response.stages.len() + log_groups, failures).into())
}

fn emit_unfinished(invocation: &Invocation, value: f64) {
    metrics::emit(
        &invocation.function_name,
        &[("SweepUnfinished", value, Unit::Count)],
    );
}

/// API id and stages of the last log group. Groups are ordered by name, so the next one often belongs to the same API.
type LastApi = Option<(String, Vec<Stage>)>;

impl Reconciliation<'_> {
    /// Reads all APIs in the order of a sweep.
    async fn read_apis(&self) -> Result<Vec<Api>, RequestError> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        let mut apis = rest.apis(&self.requests).await?;
        apis.extend(v2.apis(&self.requests).await?);
        apis.sort_by(|one, other| (phase(one), &one.id).cmp(&(phase(other), &other.id)));
        Ok(apis)
    }

    async fn read_all_log_groups(&mut self) -> Result<(), RequestError> {
        let ApigwLogRetention { logs, config, .. } = self.function;
        let every_group = [""];
        let of_stages = prefixes(&config.access_log_group);
        let prefixes: &[&str] = match config.log_group_rules.is_empty() {
            true => &of_stages,
            false => &every_group,
        };
        for prefix in prefixes {
            logs.read_all(&self.requests, prefix, &mut self.log_groups)
                .await?;
        }
        self.has_all_log_groups = true;
        Ok(())
    }

    /// Processes all stages after the cursor. Returns the position at which to continue if time runs short.
    async fn sweep_stages(&mut self, apis: &[Api], from: &Cursor, reserve: Duration) -> Option<Cursor> {
        let mut done = from.clone();
        for api in apis.iter().filter(|api| from.is_api_pending(phase(api), &api.id)) {
            if self.requests.time_left() < reserve {
                return Some(done);
            }
            let stages = match self.read_stages(api).await {
                Ok(stages) => stages,
                Err(_) if self.requests.time_left() < reserve => return Some(done),
                Err(error) => {
                    self.api_failed(api, error);
                    continue;
                }
            };
            for stage in stages
                .iter()
                .filter(|stage| from.is_stage_pending(phase(api), &api.id, &stage.name))
            {
                if self.requests.time_left() < reserve {
                    return Some(done);
                }
                let failures = self.failures.len();
                self.stage(api, stage).await;
                if self.failures.len() > failures && self.requests.time_left() < reserve {
                    // Perhaps it failed only for lack of time: the next invocation starts with it.
                    self.failures.truncate(failures);
                    self.response.stages.pop();
                    return Some(done);
                }
                done = Cursor::after(phase(api), &api.id, &stage.name);
            }
        }
        None
    }

    /// Records the failure to read an API's stages. An API that was deleted since the sweep's start is skipped.
    fn api_failed(&mut self, api: &Api, error: RequestError) {
        if error.is_not_found() {
            tracing::info!(api.id = api.id, "skipped API {}: it no longer exists", api.id);
            return;
        }
        let error = anyhow::Error::from(error).context(format!("API {}", api.id));
        let mut result = StageResult::from_event(&api.id, Some(api.api_type), None);
        result.error = Some(format!("{error:#}"));
        self.response.stages.push(result);
        self.failures.push(error);
    }

    /// Sets a retention on the log groups that have none after all stages were processed: orphaned ones, and those that
    /// belong to no stage.
    async fn sweep_log_groups(&mut self, apis: &[Api], from: &Cursor, reserve: Duration) -> Option<Cursor> {
        let mut last_api = None;
        let mut done = Cursor::after_log_group("");
        for name in self.log_groups_to_change(from) {
            if self.requests.time_left() < reserve {
                return Some(done);
            }
            match self.sweep_log_group(&name, apis, &mut last_api).await {
                Err(error) if is_rejected(&error, RequestError::is_unknown_log_group) => {
                    tracing::info!(log_group = name, "skipped log group {name}: it no longer exists");
                }
                Err(error) => self.failures.push(error.context(format!("log group {name}"))),
                Ok(()) => {}
            }
            done = Cursor::after_log_group(&name);
        }
        None
    }

    async fn sweep_log_group(
        &mut self,
        name: &str,
        apis: &[Api],
        last_api: &mut LastApi,
    ) -> anyhow::Result<()> {
        let config = &self.function.config;
        let Some(owner) = Owner::parse(name, &config.access_log_group) else {
            let retention = config.log_group_rules.for_group(name);
            return self.other_log_group(name, retention).await;
        };
        let Some(api) = apis.iter().find(|api| api.id == owner.api_id) else {
            let policy = config.rules.for_deleted_api(owner.stage, owner.api_id);
            return self.log_group(name, policy.retention).await;
        };
        let stages = self.stages_of(api, last_api).await?;
        let stage = stages.iter().find(|stage| owner.is_stage(&stage.name));
        let stage_tags = stage.map(|stage| stage.tag_keys.as_slice()).unwrap_or_default();
        if api.tag_keys.contains(&config.skip_tag) || stage_tags.contains(&config.skip_tag) {
            tracing::info!(
                log_group = name,
                "skipped log group {name}: its stage or API has the skip tag"
            );
            return Ok(());
        }
        let stage_name = stage.map_or(owner.stage, |stage| &stage.name);
        let policy = config.rules.for_stage(stage_name, api);
        self.log_group(name, policy.retention).await
    }

    /// Reads an API's stages, unless they are those in `last_api`.
    async fn stages_of<'s>(&self, api: &Api, last_api: &'s mut LastApi) -> Result<&'s [Stage], RequestError> {
        if last_api.as_ref().is_none_or(|(id, _)| *id != api.id) {
            let stages = match self.read_stages(api).await {
                Err(error) if !error.is_not_found() => return Err(error),
                stages => stages.unwrap_or_default(),
            };
            *last_api = Some((api.id.clone(), stages));
        }
        Ok(last_api.as_ref().map_or(&[], |(_, stages)| stages))
    }

    /// Lists the log groups after the cursor that may need a retention, or another one if `ENFORCE` is on.
    fn log_groups_to_change(&self, from: &Cursor) -> Vec<String> {
        let groups = self
            .log_groups
            .iter()
            .filter(|(name, group)| from.is_log_group_pending(name) && self.may_change(name, group.days));
        groups.map(|(name, _)| name.to_owned()).collect()
    }

    fn may_change(&self, name: &str, days: Option<u32>) -> bool {
        let config = &self.function.config;
        let Some(owner) = Owner::parse(name, &config.access_log_group) else {
            let retention = config.log_group_rules.for_group(name);
            return !self.named_groups.contains(name)
                && retention_to_set(days, retention, config.enforce).is_some();
        };
        // A rule for the API's name may choose otherwise. Only then are the API's stages read.
        let retention = config.rules.for_deleted_api(owner.stage, owner.api_id).retention;
        let is_open = days.is_none() && !matches!(retention, DesiredRetention::Days(_));
        is_open || retention_to_set(days, retention, config.enforce).is_some()
    }
}

fn phase(api: &Api) -> Phase {
    match api.api_type {
        ApiType::Rest => Phase::Rest,
        ApiType::Http | ApiType::WebSocket => Phase::V2,
    }
}
