//! Who started a build.

use crate::console;

/// Who it was, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initiator {
    /// What kind of starter, where it is none of flesh.
    pub kind: Option<&'static str>,
    /// Its name.
    pub name: String,
    /// A page about it.
    pub link: Option<String>,
}

/// Understands CodeBuild's `initiator`: `codepipeline/NAME`, `rule/NAME`, `GitHub-Hookshot/…`, or somebody.
pub fn understand(initiator: &str, region: &str) -> Option<Initiator> {
    let initiator = initiator.trim();
    if initiator.is_empty() {
        return None;
    }
    let (kind, name) = match initiator.split_once('/') {
        Some(("codepipeline", name)) => (Some("CodePipeline"), name),
        Some(("rule", name)) => (Some("EventBridge"), name),
        Some(("GitHub-Hookshot", _)) => (Some("GitHub"), "webhook"),
        Some((agent, _)) if agent.starts_with("Bitbucket") => (Some("Bitbucket"), "webhook"),
        Some((agent, _)) if agent.starts_with("GitLab") => (Some("GitLab"), "webhook"),
        // A role's session: what people know is its end.
        _ => (None, initiator),
    };
    let link = (kind == Some("CodePipeline")).then(|| console::pipeline(region, name));
    Some(Initiator {
        kind,
        name: name.to_owned(),
        link,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(initiator: &str, kind: Option<&str>, name: &str) {
        let came = understand(initiator, "us-east-1").expect("somebody");
        assert_eq!((came.kind, came.name.as_str()), (kind, name));
    }

    #[test]
    fn is_a_pipeline_a_rule_a_webhook_or_somebody() {
        check("codepipeline/web-release", Some("CodePipeline"), "web-release");
        check("rule/nightly", Some("EventBridge"), "nightly");
        check("GitHub-Hookshot/abc1234", Some("GitHub"), "webhook");
        check("MyCodeBuildDemoUser", None, "MyCodeBuildDemoUser");
        check("Developer/alice@example.com", None, "Developer/alice@example.com");
        assert_eq!(understand(" ", "us-east-1"), None);
    }

    #[test]
    fn a_pipeline_has_a_page() {
        let came = understand("codepipeline/web", "us-east-1").expect("somebody");
        assert_eq!(
            came.link.as_deref(),
            Some(
                "https://us-east-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/web/view?region=us-east-1"
            )
        );
    }
}
