//! A build, as one event describes it.

use jiff::Timestamp;

use super::batch::Member;
use super::commit::Author;
use super::initiator::Initiator;
use super::phase::Phase;
use super::source::{Reference, Source, Version};
use super::status::Status;
use crate::history::rank::Rank;
use crate::mask::Mask;

/// The state of a build at the time of an event. Fields that the event lacks are `None` or empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Build {
    /// ARN of the build.
    pub(crate) id: String,
    /// Name of the CodeBuild project.
    pub(crate) project: String,
    /// Identifier of the build in its batch.
    pub(crate) batch_identifier: Option<String>,
    /// ARN of the batch of which the build is a member; events lack it.
    pub(crate) batch: Option<String>,
    /// Builds of a batch. A batch is handled like a build, and has the fields of one.
    pub(crate) members: Vec<Member>,
    pub(crate) status: Status,
    /// Phase whose end the event reports; only in phase change events.
    pub(crate) completed_phase: Option<Phase>,
    pub(crate) region: String,
    /// AWS account id.
    pub(crate) account: String,
    pub(crate) event_time: Option<Timestamp>,
    pub(crate) initiator: Option<Initiator>,
    /// Build number, which counts up within the project.
    pub(crate) number: Option<u64>,
    pub(crate) started: Option<Timestamp>,
    /// End of the last phase.
    pub(crate) ended: Option<Timestamp>,
    pub(crate) source: Option<Source>,
    /// Pushed Git reference; known only if the project exports `CODEBUILD_WEBHOOK_HEAD_REF`.
    pub(crate) head_ref: Option<String>,
    /// Commit that CodeBuild resolved for a branch; events lack it.
    pub(crate) commit: Option<String>,
    /// ARNs of the reports; events lack them.
    pub(crate) reports: Vec<String>,
    /// Author of the commit; known only if the project exports it.
    pub(crate) author: Option<Author>,
    /// First line of the commit message; known only if the project exports it.
    pub(crate) commit_message: Option<String>,
    pub(crate) logs: Option<Logs>,
    /// Phases entered so far, in their order.
    pub(crate) phases: Vec<Phase>,
    /// CodeBuild's message about the phase in which the build ended.
    pub(crate) context: Option<String>,
    /// Mask for the values of the build's environment.
    pub(crate) mask: Mask,
}

/// The location of a build's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Logs {
    /// Group and stream in CloudWatch Logs.
    pub(crate) stream: Option<(String, String)>,
    /// URL of the console page that the event names.
    pub(crate) link: Option<String>,
    /// Bucket and key of the log in S3.
    pub(crate) object: Option<(String, String)>,
    /// URL of the console page of the log in S3.
    pub(crate) object_link: Option<String>,
}

impl Build {
    /// Creates a build or a batch of which only its ARN is known, `arn:aws:codebuild:REGION:ACCOUNT:build/PROJECT:UUID`.
    pub(crate) fn of_arn(arn: &str, status: Status) -> Self {
        let parts: Vec<&str> = arn.split(':').collect();
        let part = |index: usize| parts.get(index).copied().unwrap_or_default();
        Self {
            id: arn.to_owned(),
            project: part(5).rsplit('/').next().unwrap_or_default().to_owned(),
            batch_identifier: None,
            batch: None,
            members: Vec::new(),
            status,
            completed_phase: None,
            region: part(3).to_owned(),
            account: part(4).to_owned(),
            event_time: None,
            initiator: None,
            number: None,
            started: None,
            ended: None,
            source: None,
            head_ref: None,
            commit: None,
            reports: Vec::new(),
            author: None,
            commit_message: None,
            logs: None,
            phases: Vec::new(),
            context: None,
            mask: Mask::default(),
        }
    }

    /// Returns `project:uuid`, the id in CodeBuild's API.
    pub(crate) fn short_id(&self) -> &str {
        self.id.rsplit_once('/').map_or(&self.id, |(_, id)| id)
    }

    pub(crate) fn rank(&self) -> Rank {
        if self.is_batch() {
            return Rank::of_batch(self.status, &self.members);
        }
        Rank::of(
            self.status,
            self.completed_phase.as_ref().map(|phase| phase.name.as_str()),
        )
    }

    /// Returns the branch. A pull request has none: the name of its branch may come from a fork. `head_ref` is the pushed
    /// reference, if the event lacks it.
    pub(crate) fn branch(&self, head_ref: Option<&str>) -> Option<String> {
        let source = self.source.as_ref();
        let version = source.map(Source::parsed_version).unwrap_or_default();
        let head_ref = self.head_ref.as_deref().or(head_ref);
        let pushed = || Version::parse(head_ref?).reference;
        match version.reference.or_else(pushed) {
            Some(Reference::Branch(branch)) => Some(branch),
            _ => None,
        }
    }

    /// Returns the duration of a build that has ended.
    pub(crate) fn seconds(&self) -> Option<u64> {
        if !self.status.is_final() {
            return None;
        }
        let ended = self.ended.or(self.event_time)?;
        u64::try_from(ended.as_second() - self.started?.as_second()).ok()
    }

    /// Returns the first failed phase. Later ones fail as a consequence.
    pub(crate) fn failed_phase(&self) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.is_failed())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Creates a build that has just begun, with only the fields that every event has.
    pub(crate) fn build() -> Build {
        Build::of_arn(
            "arn:aws:codebuild:ap-northeast-2:123456789012:build/web:8745a7a9",
            Status::InProgress,
        )
    }

    #[test]
    fn has_a_short_id() {
        assert_eq!(build().short_id(), "web:8745a7a9");
        let short = Build {
            id: "web:1".to_owned(),
            ..build()
        };
        assert_eq!(short.short_id(), "web:1");
    }

    #[test]
    fn a_pull_request_has_no_branch() {
        let of = |version: &str, head_ref: &str| {
            let build = Build {
                source: Some(Source {
                    kind: "GITHUB".to_owned(),
                    location: None,
                    version: Some(version.to_owned()),
                }),
                ..build()
            };
            build.branch(Some(head_ref))
        };
        let commit = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
        let main = Some("main".to_owned());
        assert_eq!(of("refs/heads/main", ""), main);
        assert_eq!(of(commit, "refs/heads/main"), main);
        assert_eq!(of("pr/12", "refs/heads/main"), None);
        assert_eq!(of(commit, "refs/tags/v1"), None);
        assert_eq!(of(commit, ""), None);
        assert_eq!(build().branch(None), None);
    }

    #[test]
    fn duration_runs_from_the_start_to_the_end_of_the_last_phase() {
        let at = |text: &str| Some(text.parse().expect("a good instant"));
        let mut ended = Build {
            status: Status::Failed,
            started: at("2026-11-01T00:00:00Z"),
            event_time: at("2026-11-01T00:03:14Z"),
            ..build()
        };
        assert_eq!(ended.seconds(), Some(194));
        ended.ended = at("2026-11-01T00:03:12Z");
        assert_eq!(ended.seconds(), Some(192));
        ended.started = at("2026-11-01T01:00:00Z");
        assert_eq!(ended.seconds(), None, "a start after the end is no duration");
        assert_eq!(build().seconds(), None);
    }
}
