//! Amazon CloudWatch Logs.

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::LogGroup as ReadLogGroup;

use super::requests::{RequestError, Requests};
use crate::known_log_groups::{KnownLogGroups, LogGroup};
use crate::log_group_name::canary_log_group;
use crate::retention::Retention;

/// Largest page of CloudWatch Logs.
const PAGE_SIZE: i32 = 50;

pub(crate) struct Logs {
    pub(super) client: Client,
}

impl Logs {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// Records all log groups with names that start with `prefix`.
    pub(crate) async fn read_all(
        &self,
        requests: &Requests,
        prefix: &str,
        groups: &mut KnownLogGroups,
    ) -> Result<(), RequestError> {
        let prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
        let request = |token| {
            let request = self.client.describe_log_groups().limit(PAGE_SIZE);
            let request = request.set_log_group_name_prefix(prefix.clone());
            request.set_next_token(token).send()
        };
        requests
            .each_page("list log groups (logs:DescribeLogGroups)", request, |page| {
                page.log_groups().iter().for_each(|group| record(groups, group));
                page.next_token
            })
            .await
    }

    /// Returns names and stored bytes of all log groups without a retention, of the group itself or of an account policy.
    pub(crate) async fn never_expiring(
        &self,
        requests: &Requests,
    ) -> Result<Vec<(String, u64)>, RequestError> {
        let mut found = Vec::new();
        let request = |token| {
            let request = self.client.describe_log_groups().limit(PAGE_SIZE);
            request.set_next_token(token).send()
        };
        requests
            .each_page("list log groups (logs:DescribeLogGroups)", request, |page| {
                for group in page.log_groups() {
                    if group.retention_in_days().is_none() && group.retention_policy_name().is_none() {
                        let bytes = group.stored_bytes().and_then(|bytes| u64::try_from(bytes).ok());
                        found.push((
                            group.log_group_name().unwrap_or_default().to_owned(),
                            bytes.unwrap_or_default(),
                        ));
                    }
                }
                page.next_token
            })
            .await?;
        Ok(found)
    }

    /// Records the log group `name` and that of its canary, if they exist.
    pub(crate) async fn read(
        &self,
        requests: &Requests,
        name: &str,
        groups: &mut KnownLogGroups,
    ) -> Result<(), RequestError> {
        let action = format!("read the log group {name} (logs:DescribeLogGroups)");
        // CloudWatch Logs returns groups ordered by name, so the group itself is the first with its name as prefix.
        let request = || {
            let request = self.client.describe_log_groups().limit(PAGE_SIZE);
            request.log_group_name_prefix(name).send()
        };
        let page = requests.send(&action, request).await?;
        let canary = canary_log_group(name);
        let is_named = |group: &&ReadLogGroup| {
            group.log_group_name() == Some(name) || group.log_group_name() == Some(canary.as_str())
        };
        let read = page.log_groups().iter().filter(is_named);
        read.for_each(|group| record(groups, group));
        Ok(())
    }

    /// Creates a log group. Succeeds if the group exists already.
    pub(crate) async fn create(&self, requests: &Requests, name: &str) -> Result<(), RequestError> {
        let action = format!("create the log group {name} (logs:CreateLogGroup)");
        let request = || self.client.create_log_group().log_group_name(name).send();
        match requests.send(&action, request).await {
            Err(error) if !error.is_existing_log_group() => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) async fn set_retention(
        &self,
        requests: &Requests,
        name: &str,
        retention: Retention,
    ) -> Result<(), RequestError> {
        let action = format!("set the retention of the log group {name} (logs:PutRetentionPolicy)");
        let days = i32::try_from(retention.days()).unwrap_or(i32::MAX);
        let request = || {
            let request = self.client.put_retention_policy().log_group_name(name);
            request.retention_in_days(days).send()
        };
        requests.send(&action, request).await?;
        Ok(())
    }

    /// Lets a log group never expire.
    pub(crate) async fn remove_retention(&self, requests: &Requests, name: &str) -> Result<(), RequestError> {
        let action = format!("remove the retention of the log group {name} (logs:DeleteRetentionPolicy)");
        let request = || self.client.delete_retention_policy().log_group_name(name).send();
        requests.send(&action, request).await?;
        Ok(())
    }
}

fn record(groups: &mut KnownLogGroups, group: &ReadLogGroup) {
    if let Some(name) = group.log_group_name() {
        let days = group
            .retention_in_days()
            .and_then(|days| u32::try_from(days).ok());
        let read = LogGroup {
            days,
            has_account_policy: group.retention_policy_name().is_some(),
        };
        groups.record(group.arn().unwrap_or_default(), name.to_owned(), read);
    }
}
