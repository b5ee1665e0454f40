//! One stage: its log groups first, then its settings, then a second look.

use anyhow::Context;
use std::time::Duration;

use super::account::{CloudWatchRoleMissing, Role};
use super::{ApigwLogRetention, StillDifferent};
use crate::adapters::requests::{Refusal, Requests};
use crate::answer::{Answer, LogGroupAnswer, RetentionChange, Skipped, StageAnswer};
use crate::groups::Groups;
use crate::log_group::{execution_log_group, name_in_arn};
use crate::plan::{Wanted, changes, difference};
use crate::retention::{self, Retention};
use crate::stage::{Api, ApiKind, Settings, Stage};

/// How often something that was written is looked for: what is read may lag behind for a moment.
const LOOKS: u32 = 4;
const BEFORE_NEXT_LOOK: Duration = Duration::from_millis(500);

/// An invocation's work so far.
pub(super) struct Work<'a> {
    pub(super) function: &'a ApigwLogRetention,
    pub(super) requests: Requests,
    pub(super) groups: Groups,
    /// Whether all groups were read at the beginning; otherwise each is read where it is needed.
    pub(super) knows_all_groups: bool,
    pub(super) role: Role,
    pub(super) answer: Answer,
    pub(super) failures: Vec<anyhow::Error>,
}

impl Work<'_> {
    /// Brings a stage into order. A failure is noted, for the others to have their turn.
    pub(super) async fn stage(&mut self, api: &Api, stage: &Stage) {
        let mut answer = StageAnswer::new(api, &stage.name);
        let tag = &self.function.config.skip_tag;
        if api.tags.contains(tag) || stage.tags.contains(tag) {
            self.answer.stages.push(answer.skipped(Skipped::SkipTag));
            return;
        }
        match self.in_order(api, stage, &mut answer).await {
            Ok(()) => {}
            Err(error) if is_gone(&error) => answer.skipped = Some(Skipped::Gone),
            Err(error) if stage.is_managed && is_refused(&error) => answer.skipped = Some(Skipped::Managed),
            Err(error) => {
                let error = error.context(format!("stage {}", answer.place()));
                answer.error = Some(format!("{error:#}"));
                self.failures.push(error);
            }
        }
        self.answer.stages.push(answer);
    }

    async fn in_order(&mut self, api: &Api, stage: &Stage, answer: &mut StageAnswer) -> anyhow::Result<()> {
        let config = &self.function.config;
        let logging = config.rules.for_stage(&stage.name, api);
        let access = config.access_log_group.name(&api.id, &stage.name);
        let execution = execution_log_group(api.kind, &api.id, &stage.name);
        anyhow::ensure!(
            execution.as_ref() != Some(&access),
            "ACCESS_LOG_GROUP puts the access log into the execution log's group {access}"
        );
        if !self.knows_all_groups {
            for name in [Some(&access), execution.as_ref()].into_iter().flatten() {
                self.function
                    .logs
                    .read(&self.requests, name, &mut self.groups)
                    .await?;
            }
        }
        let planned = |groups: &Groups| {
            let wanted = Wanted {
                access_group_arn: &groups.arn(&access),
                execution_group: execution.as_deref(),
                format: config.access_format.text(),
                logging,
                metrics: config.metrics,
            };
            difference(api.kind, &stage.settings, &wanted, config.enforce)
        };
        let to_write = planned(&self.groups);
        if to_write.format.is_some() && api.kind != ApiKind::Rest {
            config.access_format.text_for_v2()?;
        }
        let after = stage.settings.with(&to_write);
        // In this order: a group that API Gateway makes by itself has no retention.
        if after.destination.as_deref().and_then(name_in_arn) == Some(access.as_str()) {
            self.group(&access, logging.retention).await?;
        }
        if let Some(execution) = execution.as_deref().filter(|_| after.writes_execution_log()) {
            self.group(execution, logging.retention).await?;
        }
        // Anew, because the account's ARNs are known for certain once a group was read.
        let to_write = planned(&self.groups);
        if to_write.is_empty() {
            return Ok(());
        }
        if config.dry_run {
            answer.changes = changes(&stage.settings, &to_write);
            return Ok(());
        }
        self.write(api, stage, &to_write, answer).await?;
        tracing::info!(
            api_id = api.id,
            stage = stage.name,
            "set up the logs of {}/{}",
            api.id,
            stage.name
        );
        Ok(())
    }

    /// Writes what there is a role for. Without one, the rest: an access log where API Gateway takes it, and
    /// metrics.
    async fn write(
        &mut self,
        api: &Api,
        stage: &Stage,
        to_write: &Settings,
        answer: &mut StageAnswer,
    ) -> anyhow::Result<()> {
        let needs_role = api.kind.logs_with_the_accounts_role() && *to_write != to_write.without_logs();
        if !needs_role || self.has_role().await? {
            return self.write_part(api, stage, to_write, answer).await;
        }
        let missing = CloudWatchRoleMissing::new(&self.function.region);
        let mut is_incomplete = to_write.level.is_some() || to_write.data_trace.is_some();
        for part in [to_write.access_log(), to_write.without_logs()] {
            match self.write_part(api, stage, &part, answer).await {
                Err(error) if is_missing_role(&error) => is_incomplete = true,
                written => written.with_context(|| missing.to_string())?,
            }
        }
        if is_incomplete {
            return Err(missing.into());
        }
        Ok(())
    }

    async fn write_part(
        &mut self,
        api: &Api,
        stage: &Stage,
        part: &Settings,
        answer: &mut StageAnswer,
    ) -> anyhow::Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        let mut attempt = 1;
        while let Err(refusal) = self.update(api, stage, part).await {
            // A role that was set a moment ago is not known everywhere at once.
            let is_new = self.role == Role::JustSet && refusal.is_missing_role();
            if !is_new || !self.requests.wait(attempt, BEFORE_NEXT_LOOK).await {
                return Err(refusal.into());
            }
            attempt += 1;
        }
        self.check(api, stage, part).await?;
        answer.changes.extend(changes(&stage.settings, part));
        Ok(())
    }

    async fn update(&self, api: &Api, stage: &Stage, part: &Settings) -> Result<(), Refusal> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        match api.kind {
            ApiKind::Rest => {
                rest.update_stage(&self.requests, &api.id, &stage.name, part)
                    .await
            }
            ApiKind::Http | ApiKind::WebSocket => v2.update_stage(&self.requests, &api.id, stage, part).await,
        }
    }

    /// Reads again what was written.
    async fn check(&self, api: &Api, stage: &Stage, written: &Settings) -> anyhow::Result<()> {
        let mut look = 1;
        loop {
            let stages = self.read_stages(api).await?;
            let read = stages
                .iter()
                .find(|read| read.name == stage.name)
                .ok_or(StageGone)?;
            let missing = written.not_found_in(&read.settings);
            if missing.is_empty() {
                return Ok(());
            }
            if look == LOOKS || !self.requests.wait(look, BEFORE_NEXT_LOOK).await {
                return Err(StillDifferent(missing).into());
            }
            look += 1;
        }
    }

    pub(super) async fn read_stages(&self, api: &Api) -> Result<Vec<Stage>, Refusal> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        let mut stages = match api.kind {
            ApiKind::Rest => rest.stages(&self.requests, &api.id).await?,
            ApiKind::Http | ApiKind::WebSocket => v2.stages(&self.requests, &api.id).await?,
        };
        stages.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(stages)
    }

    /// Makes a group where there is none, and gives it a retention where it has none.
    pub(super) async fn group(&mut self, name: &str, wanted: Retention) -> anyhow::Result<()> {
        let ApigwLogRetention { logs, config, .. } = self.function;
        let created = self.groups.retention(name).is_none();
        if created && !config.dry_run {
            logs.create(&self.requests, name).await?;
            // A group that is not told for so long is there all the same.
            self.read_until(name, |days| days.is_some()).await?;
        }
        // Whoever made it at the same moment may have given it a retention as well.
        let from = self.groups.retention(name).flatten();
        let to_set = retention::to_set(from, wanted, config.enforce);
        if let Some(retention) = to_set.filter(|_| !config.dry_run) {
            logs.set_retention(&self.requests, name, retention).await?;
            let days = Some(Some(retention.days()));
            if !self.read_until(name, |read| read == days).await? {
                let error = anyhow::Error::from(StillDifferent(vec!["retention"]));
                return Err(error.context(format!("log group {name}")));
            }
            tracing::info!("log group {name} keeps its events for {} days", retention.days());
        }
        let told = LogGroupAnswer {
            name: name.to_owned(),
            created,
            retention: RetentionChange {
                from,
                to: to_set.map(Retention::days).or(from),
            },
        };
        if told.is_change() || !self.knows_all_groups {
            self.answer.log_groups.push(told);
        }
        Ok(())
    }

    /// Reads a group until its retention is as expected; what is read may lag behind what was written.
    async fn read_until(
        &mut self,
        name: &str,
        is_expected: impl Fn(Option<Option<u32>>) -> bool,
    ) -> Result<bool, Refusal> {
        let mut look = 1;
        loop {
            self.function
                .logs
                .read(&self.requests, name, &mut self.groups)
                .await?;
            if is_expected(self.groups.retention(name)) {
                return Ok(true);
            }
            if look == LOOKS || !self.requests.wait(look, BEFORE_NEXT_LOOK).await {
                return Ok(false);
            }
            look += 1;
        }
    }
}

/// A stage that was deleted while we were at work on it.
#[derive(Debug, thiserror::Error)]
#[error("the stage is gone")]
struct StageGone;

fn is_gone(error: &anyhow::Error) -> bool {
    error.is::<StageGone>() || error.downcast_ref::<Refusal>().is_some_and(Refusal::is_not_found)
}

fn is_refused(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Refusal>()
        .is_some_and(Refusal::is_bad_request)
}

fn is_missing_role(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Refusal>()
        .is_some_and(Refusal::is_missing_role)
}
