//! The log groups that are known.

use std::collections::BTreeMap;

use crate::log_group::name_in_arn;

/// What was read of the account's log groups.
#[derive(Debug)]
pub struct Groups {
    /// What stands before the name in the ARN of each group.
    arn_head: String,
    /// Days by name; none where the group keeps its events for ever.
    retentions: BTreeMap<String, Option<u32>>,
}

impl Groups {
    /// Nothing is read yet. Until it is, ARNs are taken to be of the function's own account: as in AWS, but not
    /// in every emulator.
    pub fn beside(function_arn: &str, region: &str) -> Self {
        let mut parts = function_arn.split(':').skip(1);
        let partition = parts.next().unwrap_or("aws");
        let account = parts.nth(2).unwrap_or_default();
        Self {
            arn_head: format!("arn:{partition}:logs:{region}:{account}:log-group:"),
            retentions: BTreeMap::new(),
        }
    }

    /// Notes a group as it was read.
    pub fn note(&mut self, arn: &str, name: String, days: Option<u32>) {
        if name_in_arn(arn) == Some(name.as_str())
            && let Some(at) = arn.find(name.as_str())
            && arn[..at] != *self.arn_head
        {
            arn[..at].clone_into(&mut self.arn_head);
        }
        self.retentions.insert(name, days);
    }

    /// A group's retention: the outer `None` is no such group, the inner one for ever.
    pub fn retention(&self, name: &str) -> Option<Option<u32>> {
        self.retentions.get(name).copied()
    }

    /// The ARN that API Gateway wants: without `:*`.
    pub fn arn(&self, name: &str) -> String {
        format!("{}{name}", self.arn_head)
    }

    /// All that are known, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<u32>)> {
        self.retentions.iter().map(|(name, days)| (name.as_str(), *days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_the_account_from_what_it_reads() {
        let mut groups = Groups::beside("arn:aws:lambda:eu-west-1:1:function:f", "ap-northeast-2");
        assert_eq!(groups.arn("/x"), "arn:aws:logs:ap-northeast-2:1:log-group:/x");
        groups.note(
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
