//! What was built, and where to look at it.

use url::Url;

use crate::console;

/// A build's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// CodeBuild's word for who keeps it, such as `GITHUB`.
    pub kind: String,
    /// An address or a place in S3; none for a source that a pipeline hands over.
    pub location: Option<String>,
    /// As the event says it: a commit, a branch, `refs/…`, `pr/12`, a version of an object.
    pub version: Option<String>,
}

/// A version of a source, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// What moves on from build to build.
    pub line: Option<Line>,
    /// The commit, in hexadecimal digits.
    pub commit: Option<String>,
}

/// What one build after the other is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A branch, or a tag that is written without `refs/`.
    Branch(String),
    /// A tag.
    Tag(String),
    /// A pull or merge request.
    PullRequest(String),
}

/// What a reader sees of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub what: What,
    /// Its name, shortened where it is a commit.
    pub name: String,
    /// A page about it.
    pub link: Option<String>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A commit.
    Commit,
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// A pull or merge request.
    PullRequest,
    /// A source without versions that we know.
    Source,
}

impl Version {
    /// Understands the forms that CodeBuild's documentation names ("Source version sample").
    pub fn parse(text: &str) -> Self {
        if is_commit(text) {
            return Self {
                line: None,
                commit: Some(text.to_owned()),
            };
        }
        // `refs/heads/main^{0123…}`
        let (reference, commit) = match text.strip_suffix('}').and_then(|text| text.rsplit_once("^{")) {
            Some((reference, commit)) if is_commit(commit) => (reference, Some(commit.to_owned())),
            _ => (text, None),
        };
        Self {
            line: line(reference),
            commit,
        }
    }
}

fn line(reference: &str) -> Option<Line> {
    if let Some(branch) = reference.strip_prefix("refs/heads/") {
        return Some(Line::Branch(branch.to_owned()));
    }
    if let Some(tag) = reference.strip_prefix("refs/tags/") {
        return Some(Line::Tag(tag.to_owned()));
    }
    for prefix in ["pr/", "mr/", "refs/pull/", "refs/merge-requests/"] {
        if let Some(rest) = reference.strip_prefix(prefix) {
            let number = rest.split('/').next().unwrap_or_default();
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            // `pr/fix-login` is a branch.
            if is_number {
                return Some(Line::PullRequest(number.to_owned()));
            }
        }
    }
    (!reference.is_empty()).then(|| Line::Branch(reference.to_owned()))
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        // `deadbeef` may be a branch, `1234567` a tag: only a whole one is surely a commit.
        && (text.len() >= 40 || (text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic())))
}

impl Source {
    /// Whether its versions are those of git.
    fn is_git(&self) -> bool {
        !matches!(self.kind.as_str(), "S3" | "NO_SOURCE")
    }

    /// Its version, understood; nothing where it is an object's.
    pub fn parsed_version(&self) -> Version {
        match &self.version {
            // A pipeline hands over an object, and sometimes tells the commit.
            Some(version) if self.is_git() && !version.starts_with("arn:") => Version::parse(version),
            _ => Version::default(),
        }
    }

    /// What a reader sees: line and commit, as far as they are known; otherwise where the source is.
    ///
    /// `resolved` is the commit that CodeBuild has found for a branch.
    pub fn shown(&self, resolved: Option<&str>) -> Vec<Shown> {
        let Version { line, commit } = self.parsed_version();
        let commit = commit.or_else(|| {
            resolved
                .filter(|commit| self.is_git() && is_commit(commit))
                .map(str::to_owned)
        });
        let host = Host::of(self);
        let mut shown = Vec::new();
        if let Some(line) = line {
            let link = host.as_ref().and_then(|host| host.line(&line));
            let (what, name) = match line {
                Line::Branch(name) => (What::Branch, name),
                Line::Tag(name) => (What::Tag, name),
                Line::PullRequest(number) => (What::PullRequest, format!("#{number}")),
            };
            shown.push(Shown { what, name, link });
        }
        if let Some(commit) = commit {
            shown.push(Shown {
                what: What::Commit,
                name: commit.chars().take(8).collect(),
                link: host.as_ref().map(|host| host.commit(&commit)),
            });
        }
        if shown.is_empty() {
            shown.extend(self.place(host.as_ref()));
        }
        shown
    }

    fn place(&self, host: Option<&Host>) -> Option<Shown> {
        let link = host.map(Host::repository);
        let name = match (&link, &self.location) {
            (Some(link), _) => link
                .trim_start_matches("https://")
                .trim_start_matches("http://")
                .to_owned(),
            // An address may hold credentials.
            (None, Some(location)) => without_credentials(location),
            (None, None) => self.kind.clone(),
        };
        (self.kind != "NO_SOURCE" && !name.is_empty()).then_some(Shown {
            what: What::Source,
            name,
            link: None,
        })
    }
}

fn without_credentials(location: &str) -> String {
    match Url::parse(location) {
        Ok(mut url) if url.has_host() => {
            // Of addresses without a user this cannot fail.
            let _ = url.set_username("").and_then(|()| url.set_password(None));
            url.set_query(None);
            url.to_string()
        }
        _ => location.to_owned(),
    }
}

/// Who shows the source on the web.
enum Host {
    GitHub(String),
    GitLab(String),
    Bitbucket(String),
    CodeCommit { region: String, repository: String },
}

impl Host {
    fn of(source: &Source) -> Option<Self> {
        let url = Url::parse(source.location.as_deref()?).ok()?;
        let host = url.host_str()?;
        if !["http", "https"].contains(&url.scheme()) {
            return None;
        }
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        // Put together anew: without credentials.
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

    fn line(&self, line: &Line) -> Option<String> {
        // The slashes of a branch's name are part of its address.
        let path = |name: &str| name.split('/').map(console::encode).collect::<Vec<_>>().join("/");
        Some(match (self, line) {
            (Self::GitHub(base), Line::Branch(name) | Line::Tag(name)) => {
                format!("{base}/tree/{}", path(name))
            }
            (Self::GitHub(base), Line::PullRequest(number)) => format!("{base}/pull/{number}"),
            (Self::GitLab(base), Line::Branch(name)) => format!("{base}/-/tree/{}", path(name)),
            (Self::GitLab(base), Line::Tag(name)) => format!("{base}/-/tags/{}", path(name)),
            (Self::GitLab(base), Line::PullRequest(number)) => format!("{base}/-/merge_requests/{number}"),
            (Self::Bitbucket(base), Line::Branch(name)) => format!("{base}/branch/{}", path(name)),
            (Self::Bitbucket(base), Line::Tag(name)) => format!("{base}/src/{}", path(name)),
            (Self::Bitbucket(base), Line::PullRequest(number)) => format!("{base}/pull-requests/{number}"),
            (Self::CodeCommit { region, repository }, Line::Branch(name)) => {
                console::repository(region, repository, &format!("browse/refs/heads/{}", path(name)))
            }
            (Self::CodeCommit { region, repository }, Line::Tag(name)) => {
                console::repository(region, repository, &format!("browse/refs/tags/{}", path(name)))
            }
            (Self::CodeCommit { region, repository }, Line::PullRequest(number)) => {
                console::repository(region, repository, &format!("pull-requests/{number}/details"))
            }
        })
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

    /// Each as `name link`.
    #[track_caller]
    fn check(kind: &str, location: &str, version: &str, expected: &[&str]) {
        let shown = source(kind, location, version).shown(None);
        let came: Vec<String> = shown
            .iter()
            .map(|shown| format!("{} {}", shown.name, shown.link.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(came, expected);
    }

    #[test]
    fn a_commit_has_a_page_at_every_host() {
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
    fn a_branch_a_tag_and_a_pull_request_have_pages() {
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
    fn a_branch_may_be_called_like_a_pull_request() {
        check(
            "GITHUB",
            "https://github.com/acme/web",
            "pr/fix-login",
            &["pr/fix-login https://github.com/acme/web/tree/pr/fix-login"],
        );
        assert_eq!(
            Version::parse("mr/cleanup").line,
            Some(Line::Branch("mr/cleanup".to_owned()))
        );
    }

    #[test]
    fn a_reference_may_carry_its_commit() {
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
    fn credentials_in_an_address_are_in_no_link() {
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
    fn what_lies_in_s3_has_no_page() {
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

    #[test]
    fn a_short_word_of_hexadecimal_digits_is_a_branch() {
        for version in ["deadbeef", "cafe", "1234567", "v1"] {
            assert_eq!(Version::parse(version).commit, None, "{version}");
        }
        assert_eq!(Version::parse("1a2b3c4").commit.as_deref(), Some("1a2b3c4"));
    }
}
