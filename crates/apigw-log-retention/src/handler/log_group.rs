//! One log group: creation and retention.

use super::reconciliation::Reconciliation;
use super::stage_settings::{FIRST_PAUSE, READS};
use super::{ApigwLogRetention, NotApplied};
use crate::adapters::requests::RequestError;
use crate::function_response::{LogGroupResult, RetentionChange};
use crate::retention::{Retention, retention_to_set};

impl Reconciliation<'_> {
    /// Creates a log group that does not exist, and sets a retention if it has none.
    pub(super) async fn log_group(&mut self, name: &str, desired: Retention) -> anyhow::Result<()> {
        let ApigwLogRetention { logs, config, .. } = self.function;
        let created = self.log_groups.retention(name).is_none();
        if created && !config.dry_run {
            logs.create(&self.requests, name).await?;
            tracing::info!(log_group = name, "created log group {name}");
            // A new group that CloudWatch Logs does not list yet exists all the same.
            self.read_until(name, |days| days.is_some()).await?;
        }
        // Another caller may have created the group at the same moment, with a retention.
        let from = self.log_groups.retention(name).flatten();
        let to_set = retention_to_set(from, desired, config.enforce);
        if let Some(retention) = to_set.filter(|_| !config.dry_run) {
            logs.set_retention(&self.requests, name, retention).await?;
            let days = Some(Some(retention.days()));
            if !self.read_until(name, |read| read == days).await? {
                let error = anyhow::Error::from(NotApplied(vec!["retention"]));
                return Err(error.context(format!("log group {name}")));
            }
            tracing::info!(
                log_group = name,
                "set the retention of log group {name} to {} days",
                retention.days()
            );
        }
        let result = LogGroupResult {
            name: name.to_owned(),
            created,
            retention: RetentionChange {
                from,
                to: to_set.map(Retention::days).or(from),
            },
        };
        if result.is_change() || !self.has_all_log_groups {
            self.response.log_groups.push(result);
        }
        Ok(())
    }

    pub(super) async fn read_log_group(&mut self, name: &str) -> Result<(), RequestError> {
        let logs = &self.function.logs;
        logs.read(&self.requests, name, &mut self.log_groups).await
    }

    /// Reads a log group until its retention is as expected: AWS may return the old value for a moment after a write.
    async fn read_until(
        &mut self,
        name: &str,
        is_expected: impl Fn(Option<Option<u32>>) -> bool,
    ) -> Result<bool, RequestError> {
        let mut read = 1;
        loop {
            self.read_log_group(name).await?;
            if is_expected(self.log_groups.retention(name)) {
                return Ok(true);
            }
            if read == READS || !self.requests.pause(read, FIRST_PAUSE).await {
                return Ok(false);
            }
            read += 1;
        }
    }
}
