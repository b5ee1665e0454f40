//! Log settings of one stage: log groups first, then settings, then a check that AWS applied them.

use std::time::Duration;

use anyhow::Context;

use super::account_role::CloudWatchRoleMissing;
use super::reconciliation::{Reconciliation, StageGone, is_rejected};
use super::{ApigwLogRetention, NotApplied};
use crate::adapters::requests::RequestError;
use crate::config::Config;
use crate::function_response::StageResult;
use crate::known_log_groups::KnownLogGroups;
use crate::log_group_name::{canary_log_group, execution_log_group, name_in_arn};
use crate::retention::DesiredRetention;
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
            format: config.access_log_formats.of(api.api_type),
            policy: self.policy,
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
        if api.api_type.logs_with_account_role() {
            self.check_account_role().await?;
        }
        if !self.has_all_log_groups {
            self.read_log_group(&target.access_group).await?;
            if let Some(execution_group) = &target.execution_group {
                self.read_log_group(execution_group).await?;
            }
        }
        let to_write = target.difference(config, &self.log_groups, api, stage);
        let after = stage.settings.with(&to_write);
        self.target_log_groups(&target, stage, &after).await?;
        // Once more: since a log group was read, the account in the ARNs is certain.
        let to_write = target.difference(config, &self.log_groups, api, stage);
        match config.dry_run {
            true => result.changes = changes(&stage.settings, &to_write),
            false if to_write.is_empty() => {}
            false => self.write(api, stage, &to_write, result).await?,
        }
        if after.writes_execution_log() {
            let retention = target.policy.retention;
            self.deliver_execution_log(api, stage, retention, result).await?;
        }
        Ok(())
    }

    /// Creates the log groups that `settings` use, before API Gateway does: its own would never expire. A log group of
    /// the owner's choice gets a retention if it has none, because nobody chose "never".
    async fn target_log_groups(
        &mut self,
        target: &Target,
        stage: &Stage,
        settings: &LogSettings,
    ) -> anyhow::Result<()> {
        let retention = target.policy.retention;
        let destination = settings.destination.as_deref();
        let own_group = destination
            .and_then(|arn| self.log_groups.own_name(arn))
            .map(str::to_owned);
        if destination.and_then(name_in_arn) == Some(target.access_group.as_str()) {
            self.log_group(&target.access_group, retention).await?;
            self.canary_log_group(&target.access_group, stage, retention)
                .await?;
        } else if let Some(name) = own_group {
            self.owner_log_group(&name, retention).await?;
        }
        if let Some(execution_group) = &target.execution_group
            && settings.writes_execution_log()
        {
            self.log_group(execution_group, retention).await?;
            self.canary_log_group(execution_group, stage, retention).await?;
        }
        Ok(())
    }

    /// Sets the retention of the canary's log group beside `name`. A stage with a canary gets the group in advance.
    async fn canary_log_group(
        &mut self,
        name: &str,
        stage: &Stage,
        retention: DesiredRetention,
    ) -> anyhow::Result<()> {
        let canary = canary_log_group(name);
        if stage.has_canary && !self.has_all_log_groups {
            self.read_log_group(&canary).await?;
        }
        match stage.has_canary || self.log_groups.get(&canary).is_some() {
            true => self.log_group(&canary, retention).await,
            false => Ok(()),
        }
    }

    /// Sets the retention of a log group that the owner has chosen, unless a rule protects it.
    async fn owner_log_group(&mut self, name: &str, retention: DesiredRetention) -> anyhow::Result<()> {
        let config = &self.function.config;
        if config.log_group_rules.protects(name) {
            return Ok(());
        }
        if self.log_groups.get(name).is_none() {
            self.read_log_group(name).await?;
        }
        for name in [name.to_owned(), canary_log_group(name)] {
            let group = self.log_groups.get(&name);
            let is_chosen = group.is_none_or(|group| group.days.is_some() && !config.enforce);
            if !is_chosen {
                self.log_group(&name, retention).await?;
            }
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
        let role = self.response.account_role.as_ref();
        if !needs_role || role.is_some_and(|role| role.arn.is_some()) {
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

    pub(super) async fn write_part(
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
            let role = self.response.account_role.as_ref();
            let is_new_role = role.is_some_and(|role| role.is_new) && error.is_missing_role();
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
            ApiType::Http | ApiType::WebSocket => v2.update_stage(&self.requests, api, stage, part).await,
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
