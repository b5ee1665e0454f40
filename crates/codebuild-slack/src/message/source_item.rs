//! The source of a build as a message shows it, with links to the Git host.

use url::Url;

use super::console;
use crate::event::source::{Reference, Source};

/// One line about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceItem {
    pub(crate) kind: SourceItemKind,
    /// Name of the item; a commit is shortened.
    pub(crate) name: String,
    pub(crate) url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceItemKind {
    Commit,
    Branch,
    Tag,
    PullRequest,
    /// The location of a source without a known version.
    Location,
}

/// Lists the reference and the commit of a source as far as they are known, otherwise its location.
///
/// `resolved_commit` is the commit that CodeBuild resolved for a branch, `head_ref` the reference of a push.
pub(crate) fn items(
    source: &Source,
    resolved_commit: Option<&str>,
    head_ref: Option<&str>,
) -> Vec<SourceItem> {
    let version = source.resolved_version(resolved_commit, head_ref);
    let host = GitHost::of(source);
    let mut items = Vec::new();
    if let Some(reference) = version.reference {
        let url = host.as_ref().map(|host| host.reference(&reference));
        let (kind, name) = match reference {
            Reference::Branch(name) => (SourceItemKind::Branch, name),
            Reference::Tag(name) => (SourceItemKind::Tag, name),
            Reference::PullRequest(number) => (SourceItemKind::PullRequest, format!("#{number}")),
        };
        items.push(SourceItem { kind, name, url });
    }
    if let Some(commit) = version.commit {
        items.push(SourceItem {
            kind: SourceItemKind::Commit,
            name: commit.chars().take(8).collect(),
            url: host.as_ref().map(|host| host.commit(&commit)),
        });
    }
    if items.is_empty() {
        items.extend(location(source, host.as_ref()));
    }
    items
}

fn location(source: &Source, host: Option<&GitHost>) -> Option<SourceItem> {
    let name = match (host, &source.location) {
        (Some(host), _) => host
            .repository()
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .to_owned(),
        (None, Some(location)) => without_credentials(location),
        (None, None) => source.kind.clone(),
    };
    (source.kind != "NO_SOURCE" && !name.is_empty()).then_some(SourceItem {
        kind: SourceItemKind::Location,
        name,
        url: None,
    })
}

fn without_credentials(location: &str) -> String {
    match Url::parse(location) {
        Ok(mut url) if url.has_host() => {
            // This cannot fail for a URL with a host.
            let _ = url.set_username("").and_then(|()| url.set_password(None));
            url.set_query(None);
            url.to_string()
        }
        _ => location.to_owned(),
    }
}

/// A Git host with web pages, each with the base URL of the repository.
enum GitHost {
    GitHub(String),
    GitLab(String),
    Bitbucket(String),
    CodeCommit { region: String, repository: String },
}

impl GitHost {
    fn of(source: &Source) -> Option<Self> {
        let url = Url::parse(source.location.as_deref()?).ok()?;
        let host = url.host_str()?;
        if !["http", "https"].contains(&url.scheme()) {
            return None;
        }
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        // Built from its parts, so that credentials are left out.
        let base = format!("{}://{host}{port}{path}", url.scheme());
        match source.kind.as_str() {
            "GITHUB" | "GITHUB_ENTERPRISE" => Some(Self::GitHub(base)),
            "GITLAB" | "GITLAB_SELF_MANAGED" => Some(Self::GitLab(base)),
            "BITBUCKET" => Some(Self::Bitbucket(base)),
            "CODECOMMIT" => Some(Self::CodeCommit {
                region: host
                    .strip_prefix("git-codecommit.")?
                    .split('.')
                    .next()?
                    .to_owned(),
                repository: path.rsplit('/').next()?.to_owned(),
            }),
            _ => None,
        }
    }

    fn repository(&self) -> String {
        match self {
            Self::GitHub(base) | Self::GitLab(base) | Self::Bitbucket(base) => base.clone(),
            Self::CodeCommit { region, repository } => console::repository(region, repository, "browse"),
        }
    }

    fn commit(&self, commit: &str) -> String {
        match self {
            Self::GitHub(base) => format!("{base}/commit/{commit}"),
            Self::GitLab(base) => format!("{base}/-/commit/{commit}"),
            Self::Bitbucket(base) => format!("{base}/commits/{commit}"),
            Self::CodeCommit { region, repository } => {
                console::repository(region, repository, &format!("commit/{commit}"))
            }
        }
    }

    fn reference(&self, reference: &Reference) -> String {
        // Slashes in a branch name stay slashes in its URL.
        let path = |name: &str| name.split('/').map(console::encode).collect::<Vec<_>>().join("/");
        match (self, reference) {
            (Self::GitHub(base), Reference::Branch(name) | Reference::Tag(name)) => {
                format!("{base}/tree/{}", path(name))
            }
            (Self::GitHub(base), Reference::PullRequest(number)) => format!("{base}/pull/{number}"),
            (Self::GitLab(base), Reference::Branch(name)) => format!("{base}/-/tree/{}", path(name)),
            (Self::GitLab(base), Reference::Tag(name)) => format!("{base}/-/tags/{}", path(name)),
            (Self::GitLab(base), Reference::PullRequest(number)) => {
                format!("{base}/-/merge_requests/{number}")
            }
            (Self::Bitbucket(base), Reference::Branch(name)) => format!("{base}/branch/{}", path(name)),
            (Self::Bitbucket(base), Reference::Tag(name)) => format!("{base}/src/{}", path(name)),
            (Self::Bitbucket(base), Reference::PullRequest(number)) => {
                format!("{base}/pull-requests/{number}")
            }
            (Self::CodeCommit { region, repository }, Reference::Branch(name)) => {
                console::repository(region, repository, &format!("browse/refs/heads/{}", path(name)))
            }
            (Self::CodeCommit { region, repository }, Reference::Tag(name)) => {
                console::repository(region, repository, &format!("browse/refs/tags/{}", path(name)))
            }
            (Self::CodeCommit { region, repository }, Reference::PullRequest(number)) => {
                console::repository(region, repository, &format!("pull-requests/{number}/details"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

    fn source(kind: &str, location: &str, version: &str) -> Source {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Source {
            kind: kind.to_owned(),
            location: some(location),
            version: some(version),
        }
    }

    /// Compares the items, each as `name url`.
    #[track_caller]
    fn check(kind: &str, location: &str, version: &str, expected: &[&str]) {
        let items = items(&source(kind, location, version), None, None);
        let items: Vec<String> = items
            .iter()
            .map(|item| format!("{} {}", item.name, item.url.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(items, expected);
    }

    #[test]
    fn links_a_commit_on_every_git_host() {
        check(
            "GITHUB",
            "https://github.com/acme/web.git",
            SHA,
            &[&format!("1a2b3c4d https://github.com/acme/web/commit/{SHA}")],
        );
        check(
            "GITHUB_ENTERPRISE",
            "https://git.acme.example:8443/team/web",
            SHA,
            &[&format!(
                "1a2b3c4d https://git.acme.example:8443/team/web/commit/{SHA}"
            )],
        );
        check(
            "GITLAB",
            "https://gitlab.com/group/sub/web.git",
            SHA,
            &[&format!(
                "1a2b3c4d https://gitlab.com/group/sub/web/-/commit/{SHA}"
            )],
        );
        check(
            "BITBUCKET",
            "https://bitbucket.org/acme/web",
            SHA,
            &[&format!("1a2b3c4d https://bitbucket.org/acme/web/commits/{SHA}")],
        );
        check(
            "CODECOMMIT",
            "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/web",
            SHA,
            &[&format!(
                "1a2b3c4d https://eu-west-1.console.aws.amazon.com/codesuite/codecommit/repositories/web/commit/{SHA}?region=eu-west-1"
            )],
        );
    }

    #[test]
    fn links_branches_tags_and_pull_requests() {
        let github = "https://github.com/acme/web.git";
        check(
            "GITHUB",
            github,
            "feature/login#2",
            &["feature/login#2 https://github.com/acme/web/tree/feature/login%232"],
        );
        check(
            "GITHUB",
            github,
            "refs/heads/main",
            &["main https://github.com/acme/web/tree/main"],
        );
        check(
            "GITHUB",
            github,
            "refs/tags/v1.0",
            &["v1.0 https://github.com/acme/web/tree/v1.0"],
        );
        check(
            "GITHUB",
            github,
            "pr/12",
            &["#12 https://github.com/acme/web/pull/12"],
        );
        check(
            "GITHUB",
            github,
            "refs/pull/12/head",
            &["#12 https://github.com/acme/web/pull/12"],
        );
        check(
            "GITLAB_SELF_MANAGED",
            "https://gitlab.acme.example/web",
            "mr/3",
            &["#3 https://gitlab.acme.example/web/-/merge_requests/3"],
        );
    }

    #[test]
    fn links_a_branch_that_is_named_like_a_pull_request() {
        check(
            "GITHUB",
            "https://github.com/acme/web",
            "pr/fix-login",
            &["pr/fix-login https://github.com/acme/web/tree/pr/fix-login"],
        );
    }

    #[test]
    fn links_both_parts_of_a_reference_with_its_commit() {
        check(
            "GITHUB",
            "https://github.com/acme/web",
            &format!("refs/heads/main^{{{SHA}}}"),
            &[
                "main https://github.com/acme/web/tree/main",
                &format!("1a2b3c4d https://github.com/acme/web/commit/{SHA}"),
            ],
        );
    }

    #[test]
    fn a_push_has_the_branch_that_its_project_exports() {
        let push = source("GITHUB", "https://github.com/acme/web", SHA);
        let names = |source: &Source, head_ref| {
            let items = items(source, None, Some(head_ref)).into_iter();
            items.map(|item| (item.kind, item.name)).collect::<Vec<_>>()
        };
        let commit = || (SourceItemKind::Commit, "1a2b3c4d".to_owned());
        for (head_ref, kind, name) in [
            (
                "refs/heads/feature/login",
                SourceItemKind::Branch,
                "feature/login",
            ),
            ("refs/tags/v1.0", SourceItemKind::Tag, "v1.0"),
        ] {
            assert_eq!(names(&push, head_ref), [(kind, name.to_owned()), commit()]);
        }
        let pull_request = source("GITHUB", "https://github.com/acme/web", "pr/12");
        let number = (SourceItemKind::PullRequest, "#12".to_owned());
        assert_eq!(names(&pull_request, "refs/heads/feature/login"), [number]);
    }

    #[test]
    fn strips_credentials_from_addresses() {
        let location = "https://bot:hunter2@github.com/acme/web.git";
        check(
            "GITHUB",
            location,
            "main",
            &["main https://github.com/acme/web/tree/main"],
        );
        check("GITHUB", location, "", &["github.com/acme/web -"]);
        check("UNKNOWN", location, "", &["https://github.com/acme/web.git -"]);
    }

    #[test]
    fn other_sources_have_no_link() {
        check(
            "S3",
            "bucket/in.zip",
            "0123456789abcdef0123456789abcdef01234567",
            &["bucket/in.zip -"],
        );
        check(
            "CODEPIPELINE",
            "",
            "arn:aws:s3:::bucket/pipe/App/abc.zip",
            &["CODEPIPELINE -"],
        );
        check("CODEPIPELINE", "", SHA, &["1a2b3c4d -"]);
        check("NO_SOURCE", "", "", &[]);
        check("GITHUB", "no address", "main", &["main -"]);
        check("CODECOMMIT", "https://example.com/x", "main", &["main -"]);
    }
}
