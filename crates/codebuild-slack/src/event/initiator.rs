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
    /// Parses CodeBuild's `initiator`: `codepipeline/NAME`, `rule/NAME`, `GitHub-Hookshot/…`, or an identity.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Some(match text.split_once('/') {
            Some(("codepipeline", name)) => Self::Pipeline(name.to_owned()),
            Some(("rule", name)) => Self::Rule(name.to_owned()),
            Some(("GitHub-Hookshot", _)) => Self::Webhook("GitHub"),
            Some((agent, _)) if agent.starts_with("Bitbucket") => Self::Webhook("Bitbucket"),
            Some((agent, _)) if agent.starts_with("GitLab") => Self::Webhook("GitLab"),
            _ if text.is_empty() => return None,
            _ => Self::Identity(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Initiator) {
        assert_eq!(Initiator::parse(text), Some(expected));
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
        assert_eq!(Initiator::parse(" "), None);
    }
}
