//! The account's log groups, as far as an invocation has read them.

use std::collections::BTreeMap;

use crate::log_group_name::name_in_arn;

/// A log group, as far as this function is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogGroup {
    /// `None` for a group that never expires.
    pub(crate) days: Option<u32>,
    /// True if a retention policy of the account applies: a retention of the group itself has no effect then.
    pub(crate) has_account_policy: bool,
}

/// The log groups that were read.
#[derive(Debug)]
pub(crate) struct KnownLogGroups {
    /// Part of a log group's ARN in front of its name.
    arn_prefix: String,
    region: String,
    groups: BTreeMap<String, LogGroup>,
}

impl KnownLogGroups {
    /// Returns an empty set. Until a group is recorded, ARNs are formed with the function's own account: always right
    /// in AWS, not in every emulator.
    pub(crate) fn new(function_arn: &str, region: &str) -> Self {
        let mut parts = function_arn.split(':').skip(1);
        let partition = parts.next().unwrap_or("aws");
        let account = parts.nth(2).unwrap_or_default();
        Self {
            arn_prefix: format!("arn:{partition}:logs:{region}:{account}:log-group:"),
            region: region.to_owned(),
            groups: BTreeMap::new(),
        }
    }

    /// Records a group as CloudWatch Logs returned it.
    pub(crate) fn record(&mut self, arn: &str, name: String, group: LogGroup) {
        if name_in_arn(arn) == Some(name.as_str())
            && let Some(at) = arn.find(name.as_str())
            && arn[..at] != *self.arn_prefix
        {
            arn[..at].clone_into(&mut self.arn_prefix);
        }
        self.groups.insert(name, group);
    }

    pub(crate) fn get(&self, name: &str) -> Option<LogGroup> {
        self.groups.get(name).copied()
    }

    /// Returns the ARN in the form that API Gateway accepts, without `:*` at its end.
    pub(crate) fn arn(&self, name: &str) -> String {
        format!("{}{name}", self.arn_prefix)
    }

    /// Returns a stage's ARN as a source of execution logs, with the account (API Gateway Developer Guide, Create a log
    /// delivery for REST API execution logs).
    pub(crate) fn stage_arn(&self, api_id: &str, stage: &str) -> String {
        let mut parts = self.arn_prefix.split(':').skip(1);
        let partition = parts.next().unwrap_or("aws");
        let account = parts.nth(2).unwrap_or_default();
        let region = &self.region;
        format!("arn:{partition}:apigateway:{region}:{account}:/restapis/{api_id}/stages/{stage}")
    }

    /// Returns the name in the ARN of a log group of this account and Region.
    pub(crate) fn own_name<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let name = name_in_arn(arn)?;
        arn.starts_with(self.arn_prefix.as_str()).then_some(name)
    }

    /// Iterates over all groups, ordered by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, LogGroup)> {
        self.groups.iter().map(|(name, group)| (name.as_str(), *group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_partition_and_account_from_the_groups_that_it_records() {
        let mut groups = KnownLogGroups::new("arn:aws:lambda:eu-west-1:1:function:f", "ap-northeast-2");
        assert_eq!(groups.arn("/x"), "arn:aws:logs:ap-northeast-2:1:log-group:/x");
        groups.record(
            "arn:aws-cn:logs:cn-north-1:2:log-group:/y:*",
            "/y".to_owned(),
            LogGroup {
                days: Some(30),
                has_account_policy: false,
            },
        );
        assert_eq!(groups.arn("/x"), "arn:aws-cn:logs:cn-north-1:2:log-group:/x");
        assert_eq!(groups.get("/y").and_then(|group| group.days), Some(30));
        assert_eq!(groups.get("/x"), None);
    }
}
