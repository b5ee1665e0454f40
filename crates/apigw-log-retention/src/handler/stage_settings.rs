//! Log settings of one stage: log groups first, then settings, then a check that AWS applied them.

use anyhow::Context;
use std::time::Duration;

use super::account_role::{AccountRole, CloudWatchRoleMissing};
use super::reconciliation::{Reconciliation, StageGone, is_rejected};
use super::{ApigwLogRetention, NotApplied};
use crate::adapters::requests::RequestError;
use crate::config::Config;
use crate::function_response::StageResult;
use crate::known_log_groups::KnownLogGroups;
use crate::log_group_name::{execution_log_group, name_in_arn};
use crate::retention_rule::LoggingPolicy;
use crate::settings_difference::{DesiredSettings, changes, difference};
use crate::stage::{Api, ApiType, LogSettings, Stage};

/// Reads after a write: AWS may return the old value for a moment.
pub(super) const READS: u32 = 4;
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Policy and log groups of one stage.
struct Target {
    policy: LoggingPolicy,
    access_group: String,
    execution_group: Option<String>,
}

impl Target {
    fn of(config: &Config, api: &Api, stage: &Stage) -> anyhow::Result<Self> {
        let target = Self {
            policy: config.rules.for_stage(&stage.name, api),
            access_group: config.access_log_group.name(&api.id, &stage.name),
            execution_group: execution_log_group(api.api_type, &api.id, &stage.name),
        };
        anyhow::ensure!(
            target.execution_group.as_ref() != Some(&target.access_group),
            "ACCESS_LOG_GROUP names the execution log's group {}: choose another pattern",
            target.access_group
        );
        Ok(target)
    }

    fn difference(
        &self,
        config: &Config,
        log_groups: &KnownLogGroups,
        api: &Api,
        stage: &Stage,
    ) -> LogSettings {
        let desired = DesiredSettings {
            access_group_arn: &log_groups.arn(&self.access_group),
            execution_group: self.execution_group.as_deref(),
            format: config.access_log_format.text(),
            policy: self.policy,
            metrics: config.metrics,
        };
        difference(api.api_type, &stage.settings, &desired, config.enforce)
    }
}

impl Reconciliation<'_> {
    /// Writes the settings that a stage lacks, after its log groups exist and have a retention.
    pub(super) async fn stage_settings(
        &mut self,
        api: &Api,
        stage: &Stage,
        result: &mut StageResult,
    ) -> anyhow::Result<()> {
        let config = &self.function.config;
        let target = Target::of(config, api, stage)?;
        if !self.has_all_log_groups {
            self.read_log_group(&target.access_group).await?;
            if let Some(execution_group) = &target.execution_group {
                self.read_log_group(execution_group).await?;
            }
        }
        let to_write = target.difference(config, &self.log_groups, api, stage);
        if to_write.format.is_some() && api.api_type != ApiType::Rest {
            config.access_log_format.text_for_v2()?;
        }
        self.target_log_groups(&target, &stage.settings.with(&to_write))
            .await?;
        // Once more: since a log group was read, the account in the ARNs is certain.
        let to_write = target.difference(config, &self.log_groups, api, stage);
        if to_write.is_empty() {
            return Ok(());
        }
        if config.dry_run {
            result.changes = changes(&stage.settings, &to_write);
            return Ok(());
        }
        self.write(api, stage, &to_write, result).await?;
        tracing::info!(
            api.id = api.id,
            stage = stage.name,
            "set up the logs of stage {}",
            result.place()
        );
        Ok(())
    }

    /// Creates the log groups that `settings` use, before API Gateway does: its own would never expire.
    async fn target_log_groups(&mut self, target: &Target, settings: &LogSettings) -> anyhow::Result<()> {
        let destination = settings.destination.as_deref().and_then(name_in_arn);
        if destination == Some(target.access_group.as_str()) {
            self.log_group(&target.access_group, target.policy.retention)
                .await?;
        }
        if let Some(execution_group) = &target.execution_group
            && settings.writes_execution_log()
        {
            self.log_group(execution_group, target.policy.retention).await?;
        }
        Ok(())
    }

    /// Writes all settings if the account has a role. Without one, writes those that API Gateway accepts: metrics, and
    /// an access log where possible.
    async fn write(
        &mut self,
        api: &Api,
        stage: &Stage,
        to_write: &LogSettings,
        result: &mut StageResult,
    ) -> anyhow::Result<()> {
        let needs_role = api.api_type.logs_with_account_role() && *to_write != to_write.without_logs();
        if !needs_role || self.has_account_role().await? {
            return self.write_part(api, stage, to_write, result).await;
        }
        let missing = CloudWatchRoleMissing {
            region: self.function.region.clone(),
        };
        let mut is_incomplete = to_write.level.is_some() || to_write.data_trace.is_some();
        for part in [to_write.access_log(), to_write.without_logs()] {
            match self.write_part(api, stage, &part, result).await {
                Err(error) if is_rejected(&error, RequestError::is_missing_role) => is_incomplete = true,
                outcome => outcome.with_context(|| missing.to_string())?,
            }
        }
        if is_incomplete {
            return Err(missing.into());
        }
        Ok(())
    }

    async fn has_account_role(&mut self) -> Result<bool, RequestError> {
        let role = match self.account_role {
            Some(role) => role,
            None => {
                let ApigwLogRetention { rest, config, .. } = self.function;
                let new_role = config.cloudwatch_role_arn.as_deref();
                AccountRole::read_or_set(rest, &self.requests, new_role).await?
            }
        };
        self.account_role = Some(role);
        Ok(role != AccountRole::Missing)
    }

    async fn write_part(
        &mut self,
        api: &Api,
        stage: &Stage,
        part: &LogSettings,
        result: &mut StageResult,
    ) -> anyhow::Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        let mut attempt = 1;
        while let Err(error) = self.update(api, stage, part).await {
            let is_new_role = self.account_role == Some(AccountRole::JustSet) && error.is_missing_role();
            if !is_new_role || !self.requests.pause(attempt, FIRST_PAUSE).await {
                return Err(error.into());
            }
            attempt += 1;
        }
        self.check_applied(api, stage, part).await?;
        result.changes.extend(changes(&stage.settings, part));
        Ok(())
    }

    async fn update(&self, api: &Api, stage: &Stage, part: &LogSettings) -> Result<(), RequestError> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        match api.api_type {
            ApiType::Rest => {
                rest.update_stage(&self.requests, &api.id, &stage.name, part)
                    .await
            }
            ApiType::Http | ApiType::WebSocket => v2.update_stage(&self.requests, &api.id, stage, part).await,
        }
    }

    /// Reads the stage until it has the settings that were written.
    async fn check_applied(&self, api: &Api, stage: &Stage, part: &LogSettings) -> anyhow::Result<()> {
        let mut read = 1;
        loop {
            let stages = self.read_stages(api).await?;
            let current = stages
                .iter()
                .find(|current| current.name == stage.name)
                .ok_or(StageGone)?;
            let missing = part.missing_in(&current.settings);
            if missing.is_empty() {
                return Ok(());
            }
            if read == READS || !self.requests.pause(read, FIRST_PAUSE).await {
                return Err(NotApplied(missing).into());
            }
            read += 1;
        }
    }
}
