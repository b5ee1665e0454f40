//! The check event: access to Slack, the table, and the permissions for details of a build.

use std::time::Duration;

use lambda_core::check::Check;
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;

use super::CodeBuildSlack;
use crate::adapters::slack::AuthorMentions;
use crate::route::{Route, Thread};

/// Longest time for the requests to Slack: a proxy that drops packets must not use up the invocation.
const TIME: Duration = Duration::from_secs(20);

impl CodeBuildSlack {
    pub(super) async fn make_checks(&self, invocation: &Invocation) -> Vec<Check> {
        let half = invocation.deadline.remaining() / 2;
        let mut checks = self
            .slack
            .checks(
                &self.channels(),
                self.author_mentions(),
                Deadline::after(half.min(TIME)),
            )
            .await;
        let compares_builds = self.config.compares_builds;
        if let Some(table) = &self.table {
            checks.extend(table.checks().await);
            checks.extend(self.codebuild.batch_checks(compares_builds).await);
        }
        if compares_builds {
            checks.extend(self.codebuild.checks().await);
        }
        if self.config.failed_tests > 0 {
            checks.extend(self.reports.checks(&invocation.function_arn).await);
        }
        if self.config.log_tail_lines > 0 {
            checks.push(self.logs.check().await);
        }
        checks
    }

    fn author_mentions(&self) -> AuthorMentions {
        let routes = &self.config.routes;
        let has_reply = |route: &Route| matches!(route.thread, Some(Thread::Yes | Thread::Broadcast));
        if routes.iter().any(has_reply) {
            AuthorMentions::Wanted
        } else if routes.iter().any(|route| route.mention.is_some()) {
            AuthorMentions::Optional
        } else {
            AuthorMentions::None
        }
    }

    /// Returns the default channel and the channels of the routes, each once.
    fn channels(&self) -> Vec<&str> {
        let routes = self.config.routes.iter();
        let of_routes = routes.filter_map(|route| route.channel.as_deref());
        let mut channels: Vec<&str> = Vec::new();
        for channel in self.config.channel.as_deref().into_iter().chain(of_routes) {
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        channels
    }
}
