//! The initiator of a build.

/// The person, role or service that started a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Initiator {
    /// The name of a CodePipeline pipeline.
    Pipeline(String),
    /// The name of an EventBridge rule.
    Rule(String),
    /// The Git host that delivered a webhook.
    Webhook(&'static str),
    /// The name of a user, or the session of a role.
    Identity(String),
}

impl Initiator {
    /// Parses CodeBuild's `initiator`: `codepipeline/NAME`, `rule/NAME`, `GitHub-Hookshot/…`, or an identity. A role of
    /// IAM Identity Center has the name of its permission set.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Some(match text.split_once('/') {
            Some(("codepipeline", name)) => Self::Pipeline(name.to_owned()),
            Some(("rule", name)) => Self::Rule(name.to_owned()),
            Some(("GitHub-Hookshot", _)) => Self::Webhook("GitHub"),
            Some((agent, _)) if agent.starts_with("Bitbucket") => Self::Webhook("Bitbucket"),
            Some((agent, _)) if agent.starts_with("GitLab") => Self::Webhook("GitLab"),
            _ if text.is_empty() => return None,
            _ => Self::Identity(readable_identity(text)),
        })
    }
}

/// Reduces the generated role name `AWSReservedSSO_NAME_0123456789abcdef` to `NAME`, the permission set.
fn readable_identity(text: &str) -> String {
    let is_generated = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let permission_set = |part| match str::strip_prefix(part, "AWSReservedSSO_")?.rsplit_once('_')? {
        (name, hash) if !name.is_empty() && is_generated(hash) => Some(name),
        _ => None,
    };
    let parts: Vec<&str> = text
        .split('/')
        .map(|part| permission_set(part).unwrap_or(part))
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Initiator) {
        assert_eq!(Initiator::parse(text), Some(expected));
    }

    #[test]
    fn a_role_of_identity_center_has_the_name_of_its_permission_set() {
        for (text, expected) in [
            (
                "AWSReservedSSO_Developer_0123456789abcdef/alice@example.com",
                "Developer/alice@example.com",
            ),
            (
                "AWSReservedSSO_Power_User-Access_fedcba9876543210/bob",
                "Power_User-Access/bob",
            ),
            (
                "assumed-role/AWSReservedSSO_Developer_0123456789abcdef/alice",
                "assumed-role/Developer/alice",
            ),
            ("AWSReservedSSO_Developer_0123456789abcdef", "Developer"),
        ] {
            check(text, Initiator::Identity(expected.to_owned()));
        }
    }

    #[test]
    fn is_a_pipeline_a_rule_a_webhook_or_an_identity() {
        check(
            "codepipeline/web-release",
            Initiator::Pipeline("web-release".to_owned()),
        );
        check("rule/nightly", Initiator::Rule("nightly".to_owned()));
        check("GitHub-Hookshot/abc1234", Initiator::Webhook("GitHub"));
        let identity = |name: &str| check(name, Initiator::Identity(name.to_owned()));
        identity("MyCodeBuildDemoUser");
        identity("Developer/alice@example.com");
        identity("AWSReservedSSO_/alice");
        identity("AWSReservedSSO_Tools_v2/alice");
        assert_eq!(Initiator::parse(" "), None);
    }
}
