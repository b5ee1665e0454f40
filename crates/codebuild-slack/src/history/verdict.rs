//! The comparison of a build with previous builds of its project.

use super::setup::Setup;
use crate::event::build::Build;
use crate::event::initiator::Initiator;
use crate::event::source::{Reference, Source, Version};
use crate::event::status::Status;

/// The variable with the pushed Git reference, such as `refs/heads/main`, in builds that a push has started. It is known
/// only if the project's buildspec exports it ("exported-variables").
pub(crate) const HEAD_REF: &str = "CODEBUILD_WEBHOOK_HEAD_REF";

/// A build of the project, as CodeBuild's API returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PastBuild {
    /// `project:uuid`
    pub(crate) id: String,
    /// Build number, which counts up within the project.
    pub(crate) number: Option<u64>,
    /// Start, in milliseconds since 1970.
    pub(crate) started_ms: Option<i64>,
    /// `None` for a status that this function does not know.
    pub(crate) status: Option<Status>,
    pub(crate) source_version: Option<String>,
    pub(crate) initiator: Option<Initiator>,
    /// Commit that CodeBuild resolved.
    pub(crate) commit: Option<String>,
    /// Value of [`HEAD_REF`].
    pub(crate) head_ref: Option<String>,
    /// Properties that builds must share beside their branch. `None` if a part of it is unknown.
    pub(crate) setup: Option<Setup>,
}

/// The result of a build relative to the previous ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The build succeeded after this many consecutive failures.
    Fixed { failures: usize },
    /// The build is the `times`th consecutive failure.
    StillFailing { times: usize },
}

/// Compares a build with `past`, builds of its project in any order.
///
/// Builds of other branches or with another [`Setup`], later builds, running builds and stopped builds do not count.
/// There is no verdict if the setup of the build itself is unknown.
pub(crate) fn judge(build: &Build, past: &[PastBuild]) -> Option<Verdict> {
    let failures = predecessors(build, past)
        .take_while(|past| is_failure(past))
        .count();
    match (failures, build.status) {
        (0, _) => None,
        (_, Status::Succeeded) => Some(Verdict::Fixed { failures }),
        (_, status) if status.is_failure() => Some(Verdict::StillFailing { times: failures + 1 }),
        _ => None,
    }
}

/// Returns whether the verdict is final, so that no older builds need to be read.
pub(crate) fn is_settled(build: &Build, past: &[PastBuild]) -> bool {
    let own = past.iter().find(|past| past.id == build.short_id());
    if own.is_some_and(|own| own.setup.is_none() || is_bare_commit(build, own)) {
        return true;
    }
    predecessors(build, past).any(|past| !is_failure(past))
}

/// Returns whether only the build's commit is known, which equals that of a retry and of no older build.
fn is_bare_commit(build: &Build, own: &PastBuild) -> bool {
    let head_ref = build.head_ref.as_deref().or(own.head_ref.as_deref());
    let lineage = Lineage::of_build(build, head_ref);
    matches!(lineage, Lineage::Version(Some(version)) if Version::parse(&version).commit.is_some())
}

fn is_failure(past: &PastBuild) -> bool {
    past.status.is_some_and(Status::is_failure)
}

/// Selects the comparable builds before this one, the latest first.
fn predecessors<'p>(build: &Build, past: &'p [PastBuild]) -> impl Iterator<Item = &'p PastBuild> {
    let own = past.iter().find(|past| past.id == build.short_id());
    let number = build.number.or_else(|| own.and_then(|own| own.number));
    let started_ms = build.started.map(|at| at.as_millisecond());
    let started_ms = started_ms.or_else(|| own.and_then(|own| own.started_ms));
    let head_ref = build.head_ref.as_deref();
    let head_ref = head_ref.or_else(|| own.and_then(|own| own.head_ref.as_deref()));
    let lineage = Lineage::of_build(build, head_ref);
    let setup = own.and_then(|own| own.setup);
    let is_earlier = |past: &&PastBuild| match (past.number, number, past.started_ms, started_ms) {
        (Some(past), Some(own), ..) => past < own,
        (_, _, Some(past), Some(own)) => past < own,
        _ => false,
    };
    let has_result = |past: &&PastBuild| is_failure(past) || past.status == Some(Status::Succeeded);
    let others = past.iter().filter(|past| past.id != build.short_id());
    let mut predecessors: Vec<&PastBuild> = others
        .filter(is_earlier)
        .filter(has_result)
        .filter(|past| setup.is_some() && past.setup == setup)
        .filter(|past| Lineage::of_past(build, past) == lineage)
        .collect();
    predecessors.sort_by_key(|past| std::cmp::Reverse((past.number, past.started_ms)));
    predecessors.into_iter()
}

/// The key by which builds are comparable.
#[derive(PartialEq, Eq)]
enum Lineage {
    /// The pipeline that started the build. Its source is an object without a branch.
    Pipeline(String),
    Reference(Reference),
    /// A commit or object; `None` is the project's default version.
    Version(Option<String>),
}

impl Lineage {
    fn of_build(build: &Build, head_ref: Option<&str>) -> Self {
        let source = build.source.as_ref();
        let version = source.and_then(|source| source.version.clone());
        let parsed = source.map(Source::parsed_version).unwrap_or_default();
        Self::of(build.initiator.as_ref(), head_ref, version, parsed)
    }

    fn of_past(build: &Build, past: &PastBuild) -> Self {
        let source = build.source.as_ref().map(|source| Source {
            version: past.source_version.clone(),
            ..source.clone()
        });
        let parsed = match (&source, &past.source_version) {
            (Some(source), _) => source.parsed_version(),
            (None, Some(version)) => Version::parse(version),
            (None, None) => Version::default(),
        };
        let version = past.source_version.clone();
        Self::of(past.initiator.as_ref(), past.head_ref.as_deref(), version, parsed)
    }

    fn of(
        initiator: Option<&Initiator>,
        head_ref: Option<&str>,
        version: Option<String>,
        parsed: Version,
    ) -> Self {
        if let Some(Initiator::Pipeline(pipeline)) = initiator {
            return Self::Pipeline(pipeline.clone());
        }
        // The version of a build that a push has started is only its commit.
        match parsed.reference.or_else(|| Version::parse(head_ref?).reference) {
            Some(reference) => Self::Reference(reference),
            None => Self::Version(version.filter(|version| !version.is_empty())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::build::tests::build;

    /// Judges build number 10 of `version` against `past`, each written as `number status version`.
    #[track_caller]
    fn check(status: Status, version: &str, past: &[&str], expected: Option<Verdict>) {
        let some = |text: &str| (text != "-").then(|| text.to_owned());
        let build = Build {
            status,
            number: Some(10),
            source: Some(Source {
                kind: "GITHUB".to_owned(),
                location: None,
                version: some(version),
            }),
            ..build()
        };
        let own = format!("{} {status:?} {version}", build.short_id());
        let past: Vec<PastBuild> = std::iter::once(own.as_str())
            .chain(past.iter().copied())
            .map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                PastBuild {
                    id: format!("web:{}", words[0].trim_start_matches("web:")),
                    number: words[0].parse().ok(),
                    started_ms: None,
                    status: Status::parse(words[1]).ok(),
                    source_version: some(words[2]),
                    initiator: words.get(3).and_then(|initiator| Initiator::parse(initiator)),
                    commit: None,
                    head_ref: words.get(4).map(|head_ref| (*head_ref).to_owned()),
                    setup: Some(Setup::default()),
                }
            })
            .collect();
        assert_eq!(judge(&build, &past), expected);
    }

    #[test]
    fn a_success_after_failures_is_fixed() {
        check(
            Status::Succeeded,
            "main",
            &["9 FAILED main"],
            Some(Verdict::Fixed { failures: 1 }),
        );
        check(
            Status::Succeeded,
            "main",
            &["7 SUCCEEDED main", "8 TIMED_OUT main", "9 FAULT main"],
            Some(Verdict::Fixed { failures: 2 }),
        );
    }

    #[test]
    fn a_failure_after_failures_is_still_failing() {
        check(
            Status::Failed,
            "main",
            &["9 FAILED main", "8 FAILED main"],
            Some(Verdict::StillFailing { times: 3 }),
        );
        check(
            Status::TimedOut,
            "main",
            &["9 FAILED main"],
            Some(Verdict::StillFailing { times: 2 }),
        );
    }

    #[test]
    fn there_is_no_verdict_after_a_success() {
        check(
            Status::Failed,
            "main",
            &["9 SUCCEEDED main", "8 FAILED main"],
            None,
        );
        check(Status::Succeeded, "main", &["9 SUCCEEDED main"], None);
        check(Status::Succeeded, "main", &[], None);
        check(Status::Stopped, "main", &["9 FAILED main"], None);
    }

    #[test]
    fn ignores_other_branches_later_builds_and_builds_without_a_result() {
        let past = [
            "14 SUCCEEDED main",
            "9 SUCCEEDED dev",
            "8 STOPPED main",
            "7 IN_PROGRESS main",
            "6 FAILED main",
        ];
        check(
            Status::Failed,
            "main",
            &past,
            Some(Verdict::StillFailing { times: 2 }),
        );
    }

    #[test]
    fn compares_a_branch_in_any_notation() {
        let with_commit = "refs/heads/main^{1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d}";
        check(
            Status::Succeeded,
            "refs/heads/main",
            &[&format!("9 FAILED {with_commit}")],
            Some(Verdict::Fixed { failures: 1 }),
        );
        check(
            Status::Succeeded,
            "main",
            &["9 FAILED refs/heads/main"],
            Some(Verdict::Fixed { failures: 1 }),
        );
    }

    #[test]
    fn builds_without_a_version_are_compared_with_each_other() {
        check(
            Status::Succeeded,
            "-",
            &["9 FAILED -"],
            Some(Verdict::Fixed { failures: 1 }),
        );
        check(Status::Succeeded, "-", &["9 FAILED dev"], None);
    }

    #[test]
    fn a_push_belongs_to_the_exported_branch() {
        let (own, before) = (
            "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
            "2a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        );
        let past = |branch: &str| PastBuild {
            id: "web:9".to_owned(),
            number: Some(9),
            started_ms: None,
            status: Some(Status::Failed),
            source_version: Some(before.to_owned()),
            initiator: Initiator::parse("GitHub-Hookshot/4a1c2d3"),
            commit: None,
            head_ref: Some(branch.to_owned()),
            setup: Some(Setup::default()),
        };
        let mut build = Build {
            status: Status::Succeeded,
            number: Some(10),
            source: Some(Source {
                kind: "GITHUB".to_owned(),
                location: None,
                version: Some(own.to_owned()),
            }),
            head_ref: Some("refs/heads/main".to_owned()),
            ..build()
        };
        let fixed = Some(Verdict::Fixed { failures: 1 });
        let unknown_branch = PastBuild {
            id: build.short_id().to_owned(),
            number: Some(10),
            status: Some(Status::Succeeded),
            head_ref: None,
            ..past("refs/heads/main")
        };
        let own = || unknown_branch.clone();
        assert_eq!(judge(&build, &[own(), past("refs/heads/main")]), fixed);
        assert_eq!(judge(&build, &[own(), past("refs/heads/dev")]), None);
        assert_eq!(
            judge(&build, &[past("refs/heads/main")]),
            None,
            "its setup is unknown"
        );
        // If the event lacks the variable, CodeBuild's API may still return it.
        build.head_ref = None;
        let remembered = PastBuild {
            id: build.short_id().to_owned(),
            number: Some(10),
            status: Some(Status::Succeeded),
            ..past("refs/heads/main")
        };
        assert_eq!(judge(&build, &[remembered, past("refs/heads/main")]), fixed);
        assert_eq!(judge(&build, &[own(), past("refs/heads/main")]), None);
    }

    #[test]
    fn a_commit_is_compared_only_with_itself() {
        let sha = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
        check(
            Status::Succeeded,
            sha,
            &[&format!("9 FAILED {sha}")],
            Some(Verdict::Fixed { failures: 1 }),
        );
        check(
            Status::Succeeded,
            sha,
            &["9 FAILED 2a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"],
            None,
        );
    }
}
