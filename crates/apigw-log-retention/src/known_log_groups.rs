//! The account's log groups, as far as an invocation has read them.

use std::collections::BTreeMap;

use crate::log_group_name::name_in_arn;

/// Retention of each log group that was read.
#[derive(Debug)]
pub(crate) struct KnownLogGroups {
    /// Part of a log group's ARN in front of its name.
    arn_prefix: String,
    /// Days by name; `None` for a group that never expires.
    retentions: BTreeMap<String, Option<u32>>,
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
            retentions: BTreeMap::new(),
        }
    }

    /// Records a group as CloudWatch Logs returned it.
    pub(crate) fn record(&mut self, arn: &str, name: String, days: Option<u32>) {
        if name_in_arn(arn) == Some(name.as_str())
            && let Some(at) = arn.find(name.as_str())
            && arn[..at] != *self.arn_prefix
        {
            arn[..at].clone_into(&mut self.arn_prefix);
        }
        self.retentions.insert(name, days);
    }

    /// Returns a group's retention: the outer `None` means no such group, the inner one never expires.
    pub(crate) fn retention(&self, name: &str) -> Option<Option<u32>> {
        self.retentions.get(name).copied()
    }

    /// Returns the ARN in the form that API Gateway accepts, without `:*` at its end.
    pub(crate) fn arn(&self, name: &str) -> String {
        format!("{}{name}", self.arn_prefix)
    }

    /// Iterates over all groups and their retentions, ordered by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<u32>)> {
        self.retentions.iter().map(|(name, days)| (name.as_str(), *days))
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
            Some(30),
        );
        assert_eq!(groups.arn("/x"), "arn:aws-cn:logs:cn-north-1:2:log-group:/x");
        assert_eq!(
            (groups.retention("/y"), groups.retention("/x")),
            (Some(Some(30)), None)
        );
    }
}
