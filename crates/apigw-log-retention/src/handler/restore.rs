//! Handles a restoration: sets the former values of changes that this function made.

use lambda_core::invocation::Invocation;
use serde_json::{Value, json};

use super::reconciliation::{Reconciliation, is_rejected};
use super::{ApigwLogRetention, ReconciliationFailed};
use crate::adapters::requests::{RequestError, Requests};
use crate::function_response::{FunctionResponse, LogGroupResult, RetentionChange, SkipReason, StageResult};
use crate::log_group_name::name_in_arn;
use crate::restoration::Restoration;
use crate::retention::Retention;
use crate::settings_difference::{Change, DATA_TRACE, DESTINATION, FORMAT, LEVEL, METRICS, changes};
use crate::stage::{Api, ApiType, LogLevel, LogSettings, Stage};

impl ApigwLogRetention {
    /// Sets each value back that is still as this function has set it. A value that somebody changed after that stays.
    pub(super) async fn restore(
        &self,
        restorations: &[Restoration],
        invocation: &Invocation,
    ) -> anyhow::Result<FunctionResponse> {
        let requests = Requests::unpaced(invocation.deadline);
        let mut reconciliation = Reconciliation::new(self, requests, invocation);
        for restoration in restorations {
            let outcome = match restoration {
                Restoration::Stage {
                    api_id,
                    api_type,
                    stage,
                    changes,
                } => {
                    let context = format!("stage {api_id}/{stage}");
                    let restored = reconciliation
                        .restore_stage(api_id, *api_type, stage, changes)
                        .await;
                    restored.map_err(|error| error.context(context))
                }
                Restoration::LogGroup { name, from, to } => {
                    let restored = reconciliation.restore_log_group(name, *from, *to).await;
                    restored.map_err(|error| error.context(format!("log group {name}")))
                }
            };
            reconciliation.failures.extend(outcome.err());
        }
        let Reconciliation {
            response, failures, ..
        } = reconciliation;
        match failures.is_empty() {
            true => Ok(response),
            false => Err(ReconciliationFailed::new(restorations.len(), &failures).into()),
        }
    }
}

impl Reconciliation<'_> {
    async fn restore_stage(
        &mut self,
        api_id: &str,
        api_type: Option<ApiType>,
        name: &str,
        former: &[Change],
    ) -> anyhow::Result<()> {
        let mut result = StageResult::from_event(api_id, api_type, Some(name));
        match self.api_and_stage(api_id, api_type, name).await {
            Ok(Some((api, stage))) => {
                result = StageResult::new(&api, name);
                self.restore_settings(&api, &stage, former, &mut result).await?;
                result.log_changes(self.function.config.dry_run);
            }
            Ok(None) => result.skip(SkipReason::Gone),
            Err(error) if error.is_not_found() => result.skip(SkipReason::Gone),
            Err(error) => return Err(error.into()),
        }
        self.response.stages.push(result);
        Ok(())
    }

    async fn api_and_stage(
        &self,
        api_id: &str,
        api_type: Option<ApiType>,
        name: &str,
    ) -> Result<Option<(Api, Stage)>, RequestError> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        let api = match api_type {
            Some(ApiType::Rest) => rest.api(&self.requests, api_id).await?,
            Some(_) => v2.api(&self.requests, api_id).await?,
            None => match rest.api(&self.requests, api_id).await {
                Err(error) if error.is_not_found() => v2.api(&self.requests, api_id).await?,
                api => api?,
            },
        };
        let stages = self.read_stages(&api).await?;
        Ok(stages
            .into_iter()
            .find(|stage| stage.name == name)
            .map(|stage| (api, stage)))
    }

    async fn restore_settings(
        &mut self,
        api: &Api,
        stage: &Stage,
        former: &[Change],
        result: &mut StageResult,
    ) -> anyhow::Result<()> {
        let mut settings = LogSettings::default();
        let mut removes_access_log = false;
        for change in former {
            if !is_still_set(&stage.settings, change) {
                tracing::info!(
                    api.id = api.id,
                    stage = stage.name,
                    "skipped {} of stage {}: it was changed after this function had set it",
                    change.setting,
                    result.place()
                );
                continue;
            }
            match (change.setting.as_str(), &change.from) {
                (DESTINATION, Value::Null) => removes_access_log = true,
                (DESTINATION, from) => settings.destination = from.as_str().map(str::to_owned),
                // Goes with the destination.
                (FORMAT, from) => settings.format = from.as_str().map(str::to_owned),
                (LEVEL, from) => {
                    let level = from.as_str().and_then(|level| LogLevel::parse(level).ok());
                    settings.level = Some(level.unwrap_or(LogLevel::Off));
                }
                (DATA_TRACE, from) => settings.data_trace = Some(from == true),
                (METRICS, from) => settings.metrics = Some(from == true),
                _ => {}
            }
        }
        if removes_access_log {
            (settings.destination, settings.format) = (None, None);
            self.remove_access_log(api, stage, result).await?;
        }
        let mut stage = stage.clone();
        if removes_access_log {
            (stage.settings.destination, stage.settings.format) = (None, None);
        }
        match self.function.config.dry_run || settings.is_empty() {
            true => result.changes.extend(changes(&stage.settings, &settings)),
            false => self.write_part(api, &stage, &settings, result).await?,
        }
        Ok(())
    }

    async fn remove_access_log(
        &self,
        api: &Api,
        stage: &Stage,
        result: &mut StageResult,
    ) -> Result<(), RequestError> {
        let ApigwLogRetention { rest, v2, config, .. } = self.function;
        if !config.dry_run {
            match api.api_type {
                ApiType::Rest => {
                    rest.remove_access_log(&self.requests, &api.id, &stage.name)
                        .await?
                }
                _ => v2.remove_access_log(&self.requests, &api.id, &stage.name).await?,
            }
        }
        let (destination, format) = (&stage.settings.destination, &stage.settings.format);
        result
            .changes
            .push(Change::new(DESTINATION, json!(destination), Value::Null));
        result
            .changes
            .push(Change::new(FORMAT, json!(format), Value::Null));
        Ok(())
    }

    async fn restore_log_group(
        &mut self,
        name: &str,
        from: Option<u32>,
        to: Option<u32>,
    ) -> anyhow::Result<()> {
        self.read_log_group(name).await?;
        let current = self.log_groups.get(name).map(|group| group.days);
        if from == to || current != Some(to) {
            tracing::info!(
                log_group = name,
                "skipped log group {name}: this function created it, or its retention was changed after this function had set it"
            );
            return Ok(());
        }
        if !self.function.config.dry_run {
            let retention = from.map(Retention::of_days).transpose()?;
            match self
                .write_retention(name, retention)
                .await
                .map_err(anyhow::Error::from)
            {
                Err(error) if !is_rejected(&error, RequestError::is_unknown_log_group) => return Err(error),
                _ => {}
            }
        }
        let result = LogGroupResult {
            name: name.to_owned(),
            created: false,
            retention: RetentionChange { from: to, to: from },
            skipped: None,
        };
        result.log(self.function.config.dry_run);
        self.response.log_groups.push(result);
        Ok(())
    }
}

/// Returns true if a setting has the value that this function gave it.
fn is_still_set(current: &LogSettings, change: &Change) -> bool {
    let flag = |flag: Option<bool>| json!(flag == Some(true));
    match change.setting.as_str() {
        DESTINATION => {
            let current = current.destination.as_deref().and_then(name_in_arn);
            current.is_some() && current == change.to.as_str().and_then(name_in_arn)
        }
        FORMAT => json!(current.format) == change.to,
        LEVEL => json!(current.level.unwrap_or(LogLevel::Off)) == change.to,
        DATA_TRACE => flag(current.data_trace) == change.to,
        METRICS => flag(current.metrics) == change.to,
        _ => false,
    }
}
