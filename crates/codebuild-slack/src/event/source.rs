//! The source of a build.

/// The source of a build, as the event states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// CodeBuild's source type, such as `GITHUB`.
    pub(crate) kind: String,
    /// An address, or a bucket and key in S3. A pipeline's source has none.
    pub(crate) location: Option<String>,
    /// A commit, a branch, `refs/…`, `pr/12`, or the version of an object.
    pub(crate) version: Option<String>,
}

/// A parsed source version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) reference: Option<Reference>,
    /// A commit hash in hexadecimal digits.
    pub(crate) commit: Option<String>,
}

/// A Git reference, which points to another commit from build to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A branch, or a tag that is written without `refs/`.
    Branch(String),
    Tag(String),
    /// The number of a pull or merge request.
    PullRequest(String),
}

impl Version {
    /// Parses the forms that CodeBuild's documentation lists ("Source version sample").
    pub(crate) fn parse(text: &str) -> Self {
        if is_commit(text) {
            return Self {
                reference: None,
                commit: Some(text.to_owned()),
            };
        }
        // `refs/heads/main^{0123…}`
        let (reference, commit) = match text.strip_suffix('}').and_then(|text| text.rsplit_once("^{")) {
            Some((reference, commit)) if is_commit(commit) => (reference, Some(commit.to_owned())),
            _ => (text, None),
        };
        Self {
            reference: Reference::parse(reference),
            commit,
        }
    }
}

impl Reference {
    fn parse(text: &str) -> Option<Self> {
        if let Some(branch) = text.strip_prefix("refs/heads/") {
            return Some(Self::Branch(branch.to_owned()));
        }
        if let Some(tag) = text.strip_prefix("refs/tags/") {
            return Some(Self::Tag(tag.to_owned()));
        }
        for prefix in ["pr/", "mr/", "refs/pull/", "refs/merge-requests/"] {
            if let Some(rest) = text.strip_prefix(prefix) {
                let number = rest.split('/').next().unwrap_or_default();
                let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
                // `pr/fix-login` is a branch.
                if is_number {
                    return Some(Self::PullRequest(number.to_owned()));
                }
            }
        }
        (!text.is_empty()).then(|| Self::Branch(text.to_owned()))
    }
}

/// Returns whether the text is a commit hash. `deadbeef` may be a branch and `1234567` a tag, so a shortened hash must
/// have both letters and digits.
fn is_commit(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    (7..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (text.len() >= 40 || (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)))
}

impl Source {
    fn is_git(&self) -> bool {
        !matches!(self.kind.as_str(), "S3" | "NO_SOURCE")
    }

    /// Parses the version of a Git source. Versions of S3 objects, which pipelines pass on too, remain unparsed.
    pub(crate) fn parsed_version(&self) -> Version {
        match &self.version {
            Some(version) if self.is_git() && !version.starts_with("arn:") => Version::parse(version),
            _ => Version::default(),
        }
    }

    /// Parses the version and completes it with `resolved_commit`, the commit that CodeBuild resolved for a branch, and
    /// with `head_ref`, the reference that a push of this commit has changed.
    pub(crate) fn resolved_version(&self, resolved_commit: Option<&str>, head_ref: Option<&str>) -> Version {
        let Version { reference, commit } = self.parsed_version();
        let resolved = resolved_commit.filter(|commit| self.is_git() && is_commit(commit));
        let pushed = head_ref.filter(|_| self.is_git()).and_then(Reference::parse);
        Version {
            reference: reference.or(pushed),
            commit: commit.or_else(|| resolved.map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_may_be_named_like_a_pull_request() {
        assert_eq!(
            Version::parse("mr/cleanup").reference,
            Some(Reference::Branch("mr/cleanup".to_owned()))
        );
    }

    #[test]
    fn a_short_hexadecimal_word_is_a_branch() {
        for version in ["deadbeef", "cafe", "1234567", "v1"] {
            assert_eq!(Version::parse(version).commit, None, "{version}");
        }
        assert_eq!(Version::parse("1a2b3c4").commit.as_deref(), Some("1a2b3c4"));
    }
}
