//! What a build's event does not say, as far as it can be found out in time.

use lambda_core::deadline::Deadline;
use std::time::Duration;

use super::CodeBuildSlack;
use crate::build::Build;
use crate::log_tail::LogTail;
use crate::message::Findings;
use crate::verdict::{self, PastBuild, Verdict};

/// For each of them: a message that is late is worth less than one that lacks a line.
const LONGEST: Duration = Duration::from_secs(8);
/// Of a hundred builds each.
const PAGES: usize = 3;
/// For each line that is shown, so many are read: among the last are many that say nothing.
const READ_PER_LINE: usize = 5;
/// What follows the command that failed takes some dozen, however few lines are shown.
const READ_AT_LEAST: usize = 100;

impl CodeBuildSlack {
    /// The log's end of a failed build, and what the builds before say about this one. What cannot be found out is
    /// left out, with a line in our own log.
    pub(super) async fn find_out(&self, build: &Build, until: Deadline) -> Findings {
        let (log_tail, (verdict, commit)) =
            tokio::join!(self.log_tail(build, until), self.history(build, until));
        Findings {
            verdict,
            commit,
            log_tail,
        }
    }

    async fn log_tail(&self, build: &Build, until: Deadline) -> LogTail {
        let count = self.config.log_tail_lines;
        let stream = build.logs.as_ref().and_then(|logs| logs.stream.as_ref());
        let (Some((group, stream)), true) = (stream, count > 0 && build.status.is_failure()) else {
            return LogTail::default();
        };
        let events = (count * READ_PER_LINE).max(READ_AT_LEAST);
        let read = self.logs.tail(group, stream, events as i32);
        let text = in_time(build, "without the end of its log", until, read).await;
        text.map(|text| LogTail::of(&text, count, &build.mask))
            .unwrap_or_default()
    }

    async fn history(&self, build: &Build, until: Deadline) -> (Option<Verdict>, Option<String>) {
        let is_comparable = build.status.is_failure() || build.status == crate::status::Status::Succeeded;
        if !self.config.compares || !is_comparable {
            return (None, None);
        }
        let read = self.builds_before(build);
        let past = in_time(build, "without a comparison with the builds before", until, read).await;
        let past = past.unwrap_or_default();
        let own = past.iter().find(|past| past.id == build.short_id());
        let commit = own.and_then(|own| own.commit.clone());
        (verdict::judge(build, &past), commit)
    }

    async fn builds_before(&self, build: &Build) -> anyhow::Result<Vec<PastBuild>> {
        let (mut past, mut token) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = self.codebuild.builds(&build.project, token).await?;
            past.extend(page.builds);
            token = page.next;
            if token.is_none() || verdict::is_settled(build, &past) {
                break;
            }
        }
        Ok(past)
    }
}

async fn in_time<T>(
    build: &Build,
    without: &str,
    until: Deadline,
    read: impl Future<Output = anyhow::Result<T>>,
) -> Option<T> {
    let id = build.short_id();
    // Half of what is left is Slack's.
    match tokio::time::timeout(LONGEST.min(until.left() / 2), read).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            tracing::warn!(build.id = id, "{id} is told {without}: {error:#}");
            None
        }
        Err(_) => {
            tracing::warn!(
                build.id = id,
                "{id} is told {without}: there was no answer in time"
            );
            None
        }
    }
}
