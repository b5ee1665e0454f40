//! Messages that show no end although their build has ended: CodeBuild's events are best effort, and there are none for
//! batches.

use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::SignedDuration;
use lambda_core::clock;
use lambda_core::invalid_event::InvalidEvent;
use lambda_core::invocation::Invocation;
use lambda_core::metrics::{self, Unit};

use super::CodeBuildSlack;
use super::shared_message::RETENTION;
use crate::adapters::dynamodb::Table;
use crate::adapters::slack::PostsInDoubt;
use crate::event::batch;
use crate::event::build::Build;
use crate::function_response::{FunctionResponse, Reconciliation};

/// Time without an event after which CodeBuild is asked about a build.
const SILENCE: SignedDuration = SignedDuration::from_mins(30);
/// Least time for one message. With less, the rest is left to the next run.
const LEAST_TIME: Duration = Duration::from_secs(15);
/// Maximum number of ids in a request to CodeBuild.
const IDS: usize = 100;

impl CodeBuildSlack {
    /// Completes the messages of builds and batches that have ended without a last event.
    ///
    /// A build that CodeBuild no longer knows has an unknown result. Builds of other accounts and regions are left to
    /// their events: this role cannot read them.
    ///
    /// # Errors
    ///
    /// There is no table, or a message could not be completed. The others are.
    pub(super) async fn reconcile(&self, invocation: &Invocation) -> anyhow::Result<FunctionResponse> {
        let table = self.table.as_ref().ok_or_else(|| {
            InvalidEvent::new(
                "{\"reconcile\":true} needs MESSAGES_TABLE: without a table, no message shows a start",
            )
        })?;
        let in_doubt = PostsInDoubt::default();
        let mut run = Reconciliation::default();
        let result = self.complete_all(table, invocation, &in_doubt, &mut run).await;
        let completed = run.completed as f64;
        let metrics = [
            ("MessagesReconciled", completed, Unit::Count),
            ("PostsInDoubt", f64::from(in_doubt.count()), Unit::Count),
        ];
        metrics::emit(&invocation.function_name, &metrics);
        tracing::info!(
            "reconciled messages: {} without an end, {} completed, {} of builds that still run, {} left to the next run",
            run.unfinished,
            run.completed,
            run.running,
            run.left
        );
        result.map(|()| FunctionResponse::Reconciled(run))
    }

    async fn complete_all(
        &self,
        table: &Table,
        invocation: &Invocation,
        in_doubt: &PostsInDoubt,
        run: &mut Reconciliation,
    ) -> anyhow::Result<()> {
        let silent_since = clock::now() - SILENCE;
        let mut ids = table.unfinished(silent_since + RETENTION).await?;
        let own = own_resources(&invocation.function_arn);
        ids.retain(|id| id.starts_with(&own));
        run.unfinished = ids.len();
        let mut failures = Vec::new();
        let (batches, builds): (Vec<String>, Vec<String>) =
            ids.into_iter().partition(|id| batch::is_batch(id));
        for ids in builds.chunks(IDS).chain(batches.chunks(IDS)) {
            for build in self.codebuild.states(ids).await? {
                if !build.status.is_final() {
                    run.running += 1;
                } else if invocation.deadline.remaining() < LEAST_TIME {
                    run.left += 1;
                } else {
                    match self.complete(table, build, invocation, in_doubt).await {
                        Ok(()) => run.completed += 1,
                        Err(error) => failures.push(error),
                    }
                }
            }
        }
        let count = failures.len();
        match failures.into_iter().next() {
            None => Ok(()),
            Some(first) => {
                Err(first.context(format!("{count} messages could not be completed, the first one")))
            }
        }
    }

    async fn complete(
        &self,
        table: &Table,
        mut build: Build,
        invocation: &Invocation,
        in_doubt: &PostsInDoubt,
    ) -> anyhow::Result<()> {
        if build.is_batch() {
            Box::pin(self.add_builds(&mut build, invocation.deadline)).await;
        }
        let id = build.short_id();
        let result = Box::pin(self.notify(&build, invocation, in_doubt)).await;
        let response = result.with_context(|| format!("could not complete the message of {id}"))?;
        super::log_outcome(&build, &response);
        // Also where no route wants the end: nothing is left to do.
        let finished = table.finish(&build.id).await;
        finished.map_err(|error| anyhow!("could not record that the message of {id} is complete: {error:#}"))
    }
}

/// Returns the beginning of the ARNs of CodeBuild's resources in the partition, region and account of a function.
fn own_resources(function_arn: &str) -> String {
    let parts: Vec<&str> = function_arn.split(':').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    format!("arn:{}:codebuild:{}:{}:", part(1), part(3), part(4))
}
