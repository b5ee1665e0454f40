//! Details about a build that its event lacks: log tail, failed tests, comparison with previous builds, commit.

use std::time::Duration;

use lambda_core::deadline::Deadline;

use super::CodeBuildSlack;
use crate::event::build::Build;
use crate::event::status::Status;
use crate::history::verdict::{self, PastBuild};
use crate::message::Details;
use crate::message::log_tail::LogTail;

/// Time-out for each detail: a late message is worse than a message without it.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Maximum number of pages of previous builds, each with a hundred builds.
const PAGES: usize = 3;
/// Number of log events to read for each line to show, because many of the last ones are dropped.
const READ_PER_LINE: usize = 5;
/// Minimum number of log events to read: dozens follow the failed command, however few lines are shown.
const READ_AT_LEAST: usize = 100;

impl CodeBuildSlack {
    /// Reads the details in parallel, except those in `compared`. A detail that cannot be read is left out with a warning.
    pub(super) async fn details(
        &self,
        build: &Build,
        compared: Option<&Details>,
        deadline: Deadline,
    ) -> Details {
        let (log_tail, compared, tested) = tokio::join!(
            self.log_tail(build, deadline),
            async {
                match compared {
                    Some(compared) => compared.clone(),
                    None => self.compared(build, deadline).await,
                }
            },
            self.tested(build, deadline)
        );
        Details {
            log_tail,
            verdict: compared.verdict,
            commit: compared.commit.or(tested.commit),
            head_ref: compared.head_ref.or(tested.head_ref),
            ..tested
        }
    }

    /// Returns the failed tests of the build's reports, and what else CodeBuild has recorded about the build.
    async fn tested(&self, build: &Build, deadline: Deadline) -> Details {
        if self.config.failed_tests == 0 || !build.status.is_failure() {
            return Details::default();
        }
        let Some(own) = self.own_record(build, deadline).await else {
            return Details::default();
        };
        let reports = match own.reports.is_empty() {
            true => None,
            false => {
                let read = self.reports.failed_tests(own.reports, self.config.failed_tests);
                best_effort(build, "its failed tests", deadline, read).await
            }
        };
        Details {
            commit: own.commit,
            head_ref: own.head_ref,
            author: own.author,
            commit_message: own.commit_message,
            logs: own.logs,
            reports: reports.unwrap_or_default(),
            ..Details::default()
        }
    }

    /// Returns what CodeBuild has recorded about the build. The description of a batch is complete.
    async fn own_record(&self, build: &Build, deadline: Deadline) -> Option<Build> {
        if build.is_batch() {
            return Some(build.clone());
        }
        let read = self.codebuild.read(vec![build.short_id().to_owned()]);
        let builds = best_effort(build, "CodeBuild's record of it", deadline, read).await;
        let mut builds = builds.unwrap_or_default().into_iter();
        builds.find(|own| own.short_id() == build.short_id())
    }

    async fn log_tail(&self, build: &Build, deadline: Deadline) -> LogTail {
        let count = self.config.log_tail_lines;
        let stream = build.logs.as_ref().and_then(|logs| logs.stream.as_ref());
        let (Some((group, stream)), true) = (stream, count > 0 && build.status.is_failure()) else {
            return LogTail::default();
        };
        let events = (count * READ_PER_LINE).max(READ_AT_LEAST);
        let read = self.logs.tail(group, stream, events as i32);
        let text = best_effort(build, "its log tail", deadline, read).await;
        text.map(|text| LogTail::of(&text, count, &build.mask))
            .unwrap_or_default()
    }

    /// Returns the verdict, and what CodeBuild has recorded about the source of the build.
    pub(super) async fn compared(&self, build: &Build, deadline: Deadline) -> Details {
        let is_comparable = build.status.is_failure() || build.status == Status::Succeeded;
        if !self.config.compares_builds || !is_comparable {
            return Details::default();
        }
        let read = self.past_builds(build);
        let past = best_effort(build, "a comparison with previous builds", deadline, read).await;
        let past = past.unwrap_or_default();
        let own = past.iter().find(|past| past.id == build.short_id());
        Details {
            verdict: verdict::judge(build, &past),
            commit: own.and_then(|own| own.commit.clone()),
            head_ref: own.and_then(|own| own.head_ref.clone()),
            ..Details::default()
        }
    }

    async fn past_builds(&self, build: &Build) -> anyhow::Result<Vec<PastBuild>> {
        let (mut past, mut token) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = match build.is_batch() {
                false => self.codebuild.builds(&build.project, token).await?,
                true => self.codebuild.past_batches(&build.project, token).await?,
            };
            past.extend(page.builds);
            token = page.next_token;
            if token.is_none() || verdict::is_settled(build, &past) {
                break;
            }
        }
        Ok(past)
    }
}

/// Awaits `read` for at most half of the remaining time; the other half is for Slack. Logs a warning that the message
/// lacks `detail` if that fails.
pub(super) async fn best_effort<T>(
    build: &Build,
    detail: &str,
    deadline: Deadline,
    read: impl Future<Output = anyhow::Result<T>>,
) -> Option<T> {
    let timeout = TIMEOUT.min(deadline.remaining() / 2);
    let error = match tokio::time::timeout(timeout, read).await {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(error)) => error,
        Err(_) => anyhow::anyhow!("no response within {timeout:.1?}"),
    };
    let id = build.short_id();
    tracing::warn!(build.id = id, "posting {id} without {detail}: {error:#}");
    None
}
