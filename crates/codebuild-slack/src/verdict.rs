//! A build against those before it.

use crate::build::Build;
use crate::source::{Line, Version};
use crate::status::Status;

/// In builds that a push has started, what was pushed, such as `refs/heads/main`. It is known to us only where the
/// project's buildspec exports it ("exported-variables").
pub const HEAD_REF: &str = "CODEBUILD_WEBHOOK_HEAD_REF";

/// A build of the same project, as CodeBuild remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastBuild {
    /// `project:uuid`
    pub id: String,
    /// Counts up within the project.
    pub number: Option<u64>,
    /// In milliseconds since 1970.
    pub started_ms: Option<i64>,
    /// How it ended, if we know the word.
    pub status: Option<Status>,
    /// What it was built from, as CodeBuild says it.
    pub source_version: Option<String>,
    /// Who started it.
    pub initiator: Option<String>,
    /// The commit that CodeBuild found.
    pub commit: Option<String>,
    /// What was pushed, where the project exports `CODEBUILD_WEBHOOK_HEAD_REF`.
    pub head_ref: Option<String>,
}

/// What a build's end means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The build before it failed, or several did.
    Fixed {
        /// How many failed one after the other.
        failures: usize,
    },
    /// The build before it failed as well.
    StillFailing {
        /// This is the how manieth.
        times: usize,
    },
}

/// Judges a build by the builds of its project, in whatever order they come. Those of another branch, later ones,
/// those that run and those that somebody stopped do not count.
pub fn judge(build: &Build, past: &[PastBuild]) -> Option<Verdict> {
    let failures = before(build, past).take_while(|past| is_failure(past)).count();
    match (failures, build.status) {
        (0, _) => None,
        (_, Status::Succeeded) => Some(Verdict::Fixed { failures }),
        (_, status) if status.is_failure() => Some(Verdict::StillFailing { times: failures + 1 }),
        _ => None,
    }
}

/// Whether older builds could not change the verdict any more.
pub fn is_settled(build: &Build, past: &[PastBuild]) -> bool {
    before(build, past).any(|past| !is_failure(past))
}

fn is_failure(past: &PastBuild) -> bool {
    past.status.is_some_and(Status::is_failure)
}

/// Those that count, the latest first.
fn before<'p>(build: &Build, past: &'p [PastBuild]) -> impl Iterator<Item = &'p PastBuild> {
    let own = past.iter().find(|past| past.id == build.short_id());
    let number = build.number.or_else(|| own.and_then(|own| own.number));
    let started_ms = build.started.map(|at| at.as_millisecond());
    let started_ms = started_ms.or_else(|| own.and_then(|own| own.started_ms));
    let head_ref = build.head_ref.as_deref();
    let head_ref = head_ref.or_else(|| own.and_then(|own| own.head_ref.as_deref()));
    let thread = Thread::of_build(build, head_ref);
    let is_before = |past: &&PastBuild| match (past.number, number, past.started_ms, started_ms) {
        (Some(past), Some(own), ..) => past < own,
        (_, _, Some(past), Some(own)) => past < own,
        _ => false,
    };
    let has_result = |past: &&PastBuild| is_failure(past) || past.status == Some(Status::Succeeded);
    let others = past.iter().filter(|past| past.id != build.short_id());
    let mut before: Vec<&PastBuild> = others
        .filter(is_before)
        .filter(has_result)
        .filter(|past| Thread::of_past(build, past) == thread)
        .collect();
    before.sort_by_key(|past| std::cmp::Reverse((past.number, past.started_ms)));
    before.into_iter()
}

/// What makes builds comparable.
#[derive(PartialEq, Eq)]
enum Thread {
    /// A pipeline's builds are made of what it hands over, whatever the version says.
    Pipeline(String),
    Line(Line),
    /// The same commit or object, or the project's default.
    Version(Option<String>),
}

impl Thread {
    fn of_build(build: &Build, head_ref: Option<&str>) -> Self {
        let version = build.source.as_ref().and_then(|source| source.version.clone());
        let parsed = build
            .source
            .as_ref()
            .map(|source| source.parsed_version())
            .unwrap_or_default();
        Self::of(build.initiator.as_deref(), head_ref, version, parsed)
    }

    fn of_past(build: &Build, past: &PastBuild) -> Self {
        let source = build.source.as_ref().map(|source| crate::source::Source {
            version: past.source_version.clone(),
            ..source.clone()
        });
        let parsed = match (&source, &past.source_version) {
            (Some(source), _) => source.parsed_version(),
            (None, Some(version)) => Version::parse(version),
            (None, None) => Version::default(),
        };
        Self::of(
            past.initiator.as_deref(),
            past.head_ref.as_deref(),
            past.source_version.clone(),
            parsed,
        )
    }

    fn of(initiator: Option<&str>, head_ref: Option<&str>, version: Option<String>, parsed: Version) -> Self {
        if let Some(pipeline) = initiator.and_then(|initiator| initiator.strip_prefix("codepipeline/")) {
            return Self::Pipeline(pipeline.to_owned());
        }
        // The version of a build that a push has started is its commit alone.
        match parsed.line.or_else(|| Version::parse(head_ref?).line) {
            Some(line) => Self::Line(line),
            None => Self::Version(version.filter(|version| !version.is_empty())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::tests::build;
    use crate::source::Source;

    /// The build with number 10 on this version, against builds told as `number status version`.
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
        let past: Vec<PastBuild> = past
            .iter()
            .map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                PastBuild {
                    id: format!("web:{}", words[0]),
                    number: words[0].parse().ok(),
                    started_ms: None,
                    status: Status::parse(words[1]).ok(),
                    source_version: some(words[2]),
                    initiator: words.get(3).map(|initiator| (*initiator).to_owned()),
                    commit: None,
                    head_ref: words.get(4).map(|head_ref| (*head_ref).to_owned()),
                }
            })
            .collect();
        assert_eq!(judge(&build, &past), expected);
    }

    #[test]
    fn fixed_after_failures() {
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
    fn still_failing() {
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
    fn nothing_where_the_build_before_went_well() {
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
    fn other_branches_later_builds_and_those_without_a_result_do_not_count() {
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
    fn a_branch_is_the_same_however_it_is_written() {
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
    fn without_a_version_it_is_the_projects_default() {
        check(
            Status::Succeeded,
            "-",
            &["9 FAILED -"],
            Some(Verdict::Fixed { failures: 1 }),
        );
        check(Status::Succeeded, "-", &["9 FAILED dev"], None);
    }

    #[test]
    fn a_push_is_of_the_branch_that_the_project_exports() {
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
            initiator: Some("GitHub-Hookshot/4a1c2d3".to_owned()),
            commit: None,
            head_ref: Some(branch.to_owned()),
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
        assert_eq!(judge(&build, &[past("refs/heads/main")]), fixed);
        assert_eq!(judge(&build, &[past("refs/heads/dev")]), None);
        // Where the event does not name it, CodeBuild's own memory of the build may.
        build.head_ref = None;
        let remembered = PastBuild {
            id: build.short_id().to_owned(),
            number: Some(10),
            status: Some(Status::Succeeded),
            ..past("refs/heads/main")
        };
        assert_eq!(judge(&build, &[remembered, past("refs/heads/main")]), fixed);
        assert_eq!(judge(&build, &[past("refs/heads/main")]), None);
    }

    #[test]
    fn commits_are_compared_with_themselves_alone() {
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
