//! One log group: creation and retention.

use super::reconciliation::Reconciliation;
use super::stage_settings::{FIRST_PAUSE, READS};
use super::{ApigwLogRetention, NotApplied};
use crate::adapters::requests::RequestError;
use crate::function_response::{LogGroupResult, LogGroupSkipReason, RetentionChange};
use crate::known_log_groups::LogGroup;
use crate::retention::{DesiredRetention, Retention, retention_to_set};

impl Reconciliation<'_> {
    /// Creates a log group that does not exist, and sets the retention that it lacks.
    pub(super) async fn log_group(&mut self, name: &str, desired: DesiredRetention) -> anyhow::Result<()> {
        let ApigwLogRetention { logs, config, .. } = self.function;
        let created = self.log_groups.get(name).is_none();
        if created && !config.dry_run {
            logs.create(&self.requests, name).await?;
            // A new group that CloudWatch Logs does not list yet exists all the same.
            self.read_until(name, |group| group.is_some()).await?;
        }
        // Another caller may have created the group at the same moment, with a retention.
        let to_set = self.retention_to_set(name, desired);
        let mut result = LogGroupResult {
            created,
            ..self.unchanged(name)
        };
        if self.is_under_account_policy(name) {
            let is_listed = self.response.log_groups.iter().any(|listed| listed.name == name);
            if !is_listed && (to_set.is_some() || !self.has_all_log_groups) {
                result.skip(LogGroupSkipReason::AccountPolicy);
                self.response.log_groups.push(result);
            }
            return Ok(());
        }
        if let Some(retention) = to_set.filter(|_| !config.dry_run) {
            self.write_retention(name, retention).await?;
            let days = retention.map(Retention::days);
            let is_written = |group: Option<LogGroup>| group.is_some_and(|group| group.days == days);
            if !self.read_until(name, is_written).await? {
                let error = anyhow::Error::from(NotApplied(vec!["retention"]));
                return Err(error.context(format!("log group {name}")));
            }
        }
        self.record_log_group(result, to_set);
        Ok(())
    }

    /// Sets the retention that an existing log group of no stage lacks. There may be thousands, so the result is not read
    /// again: the next sweep does that.
    pub(super) async fn other_log_group(
        &mut self,
        name: &str,
        desired: DesiredRetention,
    ) -> anyhow::Result<()> {
        let Some(to_set) = self.retention_to_set(name, desired) else {
            return Ok(());
        };
        let mut result = self.unchanged(name);
        if self.is_under_account_policy(name) {
            result.skip(LogGroupSkipReason::AccountPolicy);
            self.response.log_groups.push(result);
            return Ok(());
        }
        if !self.function.config.dry_run {
            self.write_retention(name, to_set).await?;
        }
        self.record_log_group(result, Some(to_set));
        Ok(())
    }

    fn retention_to_set(&self, name: &str, desired: DesiredRetention) -> Option<Option<Retention>> {
        let days = self.log_groups.get(name).and_then(|group| group.days);
        retention_to_set(days, desired, self.function.config.enforce)
    }

    fn is_under_account_policy(&self, name: &str) -> bool {
        self.log_groups
            .get(name)
            .is_some_and(|group| group.has_account_policy)
    }

    fn unchanged(&self, name: &str) -> LogGroupResult {
        let days = self.log_groups.get(name).and_then(|group| group.days);
        LogGroupResult {
            name: name.to_owned(),
            created: false,
            retention: RetentionChange { from: days, to: days },
            skipped: None,
        }
    }

    /// Logs a change and adds it to the response. An invocation that read only some groups lists unchanged ones too.
    fn record_log_group(&mut self, mut result: LogGroupResult, to_set: Option<Option<Retention>>) {
        if let Some(retention) = to_set {
            result.retention.to = retention.map(Retention::days);
        }
        if result.is_change() {
            result.log(self.function.config.dry_run);
        }
        if result.is_change() || !self.has_all_log_groups {
            self.response.log_groups.push(result);
        }
    }

    /// Writes a retention; `None` never expires.
    pub(super) async fn write_retention(
        &self,
        name: &str,
        retention: Option<Retention>,
    ) -> Result<(), RequestError> {
        let logs = &self.function.logs;
        match retention {
            Some(retention) => logs.set_retention(&self.requests, name, retention).await,
            None => logs.remove_retention(&self.requests, name).await,
        }
    }

    pub(super) async fn read_log_group(&mut self, name: &str) -> Result<(), RequestError> {
        let logs = &self.function.logs;
        logs.read(&self.requests, name, &mut self.log_groups).await
    }

    /// Reads a log group until it is as expected: AWS may return the old value for a moment after a write.
    async fn read_until(
        &mut self,
        name: &str,
        is_expected: impl Fn(Option<LogGroup>) -> bool,
    ) -> Result<bool, RequestError> {
        let mut read = 1;
        loop {
            self.read_log_group(name).await?;
            if is_expected(self.log_groups.get(name)) {
                return Ok(true);
            }
            if read == READS || !self.requests.pause(read, FIRST_PAUSE).await {
                return Ok(false);
            }
            read += 1;
        }
    }
}
