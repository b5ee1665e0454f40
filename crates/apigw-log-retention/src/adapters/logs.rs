//! Amazon CloudWatch Logs.

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::LogGroup;

use super::requests::{Refusal, Requests};
use crate::groups::Groups;
use crate::retention::Retention;

/// The most groups that Logs tells at a time.
const PAGE: i32 = 50;

/// CloudWatch Logs.
pub struct Logs {
    client: Client,
}

impl Logs {
    /// A client; connects to nothing yet.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// Notes all groups whose names begin so.
    ///
    /// # Errors
    /// Where Logs refuses.
    pub async fn read_all(
        &self,
        requests: &Requests,
        prefix: &str,
        groups: &mut Groups,
    ) -> Result<(), Refusal> {
        let prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
        let mut token = None;
        loop {
            let page = requests
                .send("list log groups (logs:DescribeLogGroups)", || {
                    self.client
                        .describe_log_groups()
                        .set_log_group_name_prefix(prefix.clone())
                        .set_next_token(token.clone())
                        .limit(PAGE)
                        .send()
                })
                .await?;
            page.log_groups().iter().for_each(|group| note(groups, group));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Notes a group, if there is one.
    ///
    /// # Errors
    /// Where Logs refuses.
    pub async fn read(&self, requests: &Requests, name: &str, groups: &mut Groups) -> Result<(), Refusal> {
        let what = format!("read the log group {name} (logs:DescribeLogGroups)");
        // Logs tells groups in the order of their names, and no other name that begins with this one comes
        // before it.
        let page = requests
            .send(&what, || {
                self.client
                    .describe_log_groups()
                    .log_group_name_prefix(name)
                    .limit(PAGE)
                    .send()
            })
            .await?;
        let group = page
            .log_groups()
            .iter()
            .find(|group| group.log_group_name() == Some(name));
        group.into_iter().for_each(|group| note(groups, group));
        Ok(())
    }

    /// Makes a group; one that is there already is as good.
    ///
    /// # Errors
    /// Where Logs refuses.
    pub async fn create(&self, requests: &Requests, name: &str) -> Result<(), Refusal> {
        let what = format!("make the log group {name} (logs:CreateLogGroup)");
        let created = requests
            .send(&what, || {
                self.client.create_log_group().log_group_name(name).send()
            })
            .await;
        match created {
            Err(refusal) if !refusal.is_already_there() => Err(refusal),
            _ => Ok(()),
        }
    }

    /// Sets a group's retention.
    ///
    /// # Errors
    /// Where Logs refuses.
    pub async fn set_retention(
        &self,
        requests: &Requests,
        name: &str,
        retention: Retention,
    ) -> Result<(), Refusal> {
        let what = format!("set the retention of the log group {name} (logs:PutRetentionPolicy)");
        let days = i32::try_from(retention.days()).unwrap_or(i32::MAX);
        requests
            .send(&what, || {
                self.client
                    .put_retention_policy()
                    .log_group_name(name)
                    .retention_in_days(days)
                    .send()
            })
            .await?;
        Ok(())
    }
}

fn note(groups: &mut Groups, group: &LogGroup) {
    if let Some(name) = group.log_group_name() {
        let days = group
            .retention_in_days()
            .and_then(|days| u32::try_from(days).ok());
        groups.note(group.arn().unwrap_or_default(), name.to_owned(), days);
    }
}
