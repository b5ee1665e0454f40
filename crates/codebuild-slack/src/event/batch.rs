//! A batch of builds. EventBridge has no event of it, only those of its builds; CodeBuild's API describes it.

use serde_json::Value;

use super::build::Build;
use super::status::Status;
use super::{elements, masked_name, text};
use crate::mask::Mask;

/// Identifier of the build with which CodeBuild reads the batch's buildspec.
const DOWNLOAD: &str = "DOWNLOAD_SOURCE";

/// A build of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    /// Identifier in the batch's buildspec.
    pub(crate) identifier: String,
    /// `None` until CodeBuild starts the build.
    pub(crate) status: Option<Status>,
    /// Lets the batch succeed without this build if `true`.
    pub(crate) ignores_failure: bool,
    /// Number of earlier builds with this identifier in the batch, which were retried.
    pub(crate) retries: u32,
    /// ARN of the build.
    pub(crate) arn: Option<String>,
    /// The build itself; the description of a batch has only its status.
    pub(crate) build: Option<Build>,
}

impl Member {
    pub(crate) fn has_ended(&self) -> bool {
        self.status.is_some_and(Status::is_final)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.status == Some(Status::InProgress)
    }

    /// Returns whether the failure of this build fails the batch.
    pub(crate) fn fails_batch(&self) -> bool {
        self.status.is_some_and(Status::is_failure) && !self.ignores_failure
    }

    /// Returns whether the build is only CodeBuild's own preparation of the batch, which has succeeded.
    pub(crate) fn is_preparation(&self) -> bool {
        self.identifier == DOWNLOAD && self.status == Some(Status::Succeeded)
    }
}

impl Build {
    pub(crate) fn is_batch(&self) -> bool {
        is_batch(&self.id)
    }

    /// Returns whether the build is known to be a member of a batch.
    pub(crate) fn is_member(&self) -> bool {
        !self.is_batch() && (self.batch.is_some() || self.batch_identifier.is_some())
    }

    /// Returns the first build that failed the batch, if it is known.
    pub(crate) fn failed_member(&self) -> Option<&Build> {
        let mut failed = self.members.iter().filter(|member| member.fails_batch());
        failed.find_map(|member| member.build.as_ref())
    }

    /// Adds the builds of a batch to its members: their durations, the log of the first failed one, and what they know
    /// about the source.
    pub(crate) fn add_builds(&mut self, builds: Vec<Build>) {
        for mut build in builds {
            let is_own = |member: &&mut Member| member.arn.as_ref() == Some(&build.id);
            let Some(member) = self.members.iter_mut().find(is_own) else {
                continue;
            };
            self.mask.add(&build.mask);
            self.head_ref = self.head_ref.take().or_else(|| build.head_ref.clone());
            self.author = self.author.take().or_else(|| build.author.clone());
            self.commit_message = self
                .commit_message
                .take()
                .or_else(|| build.commit_message.clone());
            build.batch_identifier = Some(member.identifier.clone());
            member.build = Some(build);
        }
        self.logs = self.failed_member().and_then(|failed| failed.logs.clone());
    }
}

/// Returns whether an ARN is that of a batch, `arn:aws:codebuild:REGION:ACCOUNT:build-batch/PROJECT:UUID`.
pub(crate) fn is_batch(arn: &str) -> bool {
    arn.split(':')
        .nth(5)
        .is_some_and(|part| part.starts_with("build-batch/"))
}

/// Reads the members of a batch.
pub(super) fn members(groups: &Value, mask: &Mask) -> Vec<Member> {
    let groups = elements(groups).iter();
    groups
        .map(|group| Member {
            identifier: masked_name(group["identifier"].as_str().unwrap_or_default(), mask),
            status: text(group, "status").map(|status| Status::parse(&status).unwrap_or(Status::Unknown)),
            ignores_failure: group["ignore-failure"] == true,
            retries: group["retries"]
                .as_u64()
                .and_then(|count| count.try_into().ok())
                .unwrap_or(0),
            arn: text(group, "build-id"),
            build: None,
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::event::build::tests::build;

    pub(crate) fn member(identifier: &str, status: impl Into<Option<Status>>) -> Member {
        Member {
            identifier: identifier.to_owned(),
            status: status.into(),
            ignores_failure: false,
            retries: 0,
            arn: Some(format!(
                "arn:aws:codebuild:ap-northeast-2:123456789012:build/web:{identifier}"
            )),
            build: None,
        }
    }

    pub(crate) fn batch(status: Status, members: Vec<Member>) -> Build {
        let arn = "arn:aws:codebuild:ap-northeast-2:123456789012:build-batch/web:8745a7a9";
        Build {
            members,
            ..Build::of_arn(arn, status)
        }
    }

    fn build_of(member: &Member, variable: (&str, &str), head_ref: Option<&str>) -> Build {
        Build {
            id: member.arn.clone().expect("it has one"),
            mask: Mask::new([variable]),
            head_ref: head_ref.map(str::to_owned),
            ..build()
        }
    }

    #[test]
    fn a_batch_is_known_by_its_arn() {
        let batch = batch(Status::Failed, Vec::new());
        assert!(batch.is_batch() && !batch.is_member());
        assert_eq!(
            (batch.project.as_str(), batch.short_id()),
            ("web", "web:8745a7a9")
        );
        assert!(!build().is_batch() && !build().is_member());
        let member = Build {
            batch_identifier: Some("node20".to_owned()),
            ..build()
        };
        assert!(member.is_member());
        assert!(!is_batch("web:build-batch/") && !is_batch(""));
    }

    #[test]
    fn the_builds_tell_the_first_failure_and_every_secret() {
        let mut optional = member("lint", Status::Failed);
        optional.ignores_failure = true;
        let failed = member("node18", Status::Failed);
        let stranger = build_of(&member("other", None), ("A_TOKEN", "hunter2-0"), None);
        let builds = vec![
            build_of(&optional, ("A_TOKEN", "hunter2-1"), None),
            build_of(&failed, ("B_TOKEN", "hunter2-2"), Some("refs/heads/main")),
            stranger,
        ];
        let mut batch = batch(Status::Failed, vec![optional, failed]);
        batch.add_builds(builds);
        let culprit = batch.failed_member().expect("a failed build");
        assert_eq!(culprit.batch_identifier.as_deref(), Some("node18"));
        assert_eq!(batch.branch(None).as_deref(), Some("main"));
        assert_eq!(batch.mask.apply("hunter2-1 hunter2-2"), "*** ***");
    }
}
