//! The batch of which a build is a member: with a table, both have one message.

use std::time::Duration;

use lambda_core::deadline::Deadline;

use super::CodeBuildSlack;
use super::details::best_effort;
use crate::event::build::Build;

/// Longest wait for CodeBuild's description of a batch to follow the event of a member.
const PATIENCE: Duration = Duration::from_secs(20);
const DELAY: Duration = Duration::from_secs(2);

/// The subject of the message that an event changes.
pub(super) enum MessageSubject {
    /// The build of the event.
    Build,
    /// The batch of the build.
    Batch(Box<Build>),
    /// None: the message of a batch does not show the phases of its members.
    MemberPhase,
}

impl CodeBuildSlack {
    /// Returns the subject of an event's message: with a table, the batch of a member.
    ///
    /// A member has a message of its own if its batch cannot be read, and keeps it if it has one for that reason.
    pub(super) async fn subject(&self, build: &Build, deadline: Deadline) -> anyhow::Result<MessageSubject> {
        let Some(table) = self.table.as_ref().filter(|_| build.is_member()) else {
            return Ok(MessageSubject::Build);
        };
        if table.read(&build.id).await?.is_some() {
            return Ok(MessageSubject::Build);
        }
        if build.completed_phase.is_some() {
            return Ok(MessageSubject::MemberPhase);
        }
        let batch = self.settled_batch(build, deadline).await;
        Ok(batch.map_or(MessageSubject::Build, |batch| {
            MessageSubject::Batch(Box::new(batch))
        }))
    }

    /// Reads the batch of a member. There is no event of its end, and its state follows the last member's event within
    /// seconds: waits for that, but not for long, because the reconciliation also completes the message.
    async fn settled_batch(&self, member: &Build, deadline: Deadline) -> Option<Build> {
        let patience = Deadline::after(PATIENCE.min(deadline.remaining() / 3));
        let read = self.codebuild.batch_of(member);
        let Some(mut batch) = best_effort(member, "the message of its batch", deadline, read).await? else {
            let id = member.short_id();
            tracing::warn!(
                build.id = id,
                "posting {id} without the message of its batch: CodeBuild does not know the batch of this build"
            );
            return None;
        };
        while !is_settled(&batch, member) && patience.remaining() > DELAY {
            tokio::time::sleep(DELAY).await;
            let read = self.codebuild.batch(&batch.id);
            match best_effort(member, "the end of its batch", deadline, read)
                .await
                .flatten()
            {
                Some(newer) => batch = newer,
                None => break,
            }
        }
        self.add_builds(&mut batch, deadline).await;
        Some(batch)
    }

    /// Adds the builds of its members to a batch. Without them, the message lacks durations and the reason of a failure.
    pub(super) async fn add_builds(&self, batch: &mut Build, deadline: Deadline) {
        let read = self.codebuild.builds_of(batch);
        if let Some(builds) = best_effort(batch, "the builds of the batch", deadline, read).await {
            batch.add_builds(builds);
        }
    }
}

/// Returns whether a batch has ended, or its description contains the event of a member and another event follows.
fn is_settled(batch: &Build, member: &Build) -> bool {
    if batch.status.is_final() {
        return true;
    }
    let own = batch
        .members
        .iter()
        .find(|own| own.arn.as_ref() == Some(&member.id));
    let contains_event = own.is_some_and(|own| own.has_ended() || !member.status.is_final());
    contains_event && batch.members.iter().any(|member| member.is_running())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::batch::tests::{batch, member};
    use crate::event::status::Status;

    #[track_caller]
    fn check(
        batch_status: Status,
        members: &[(&str, Option<Status>)],
        event: (&str, Status),
        expected: bool,
    ) {
        let members = members
            .iter()
            .map(|(identifier, status)| member(identifier, *status));
        let batch = batch(batch_status, members.collect());
        let arn = member(event.0, None).arn.expect("it has one");
        assert_eq!(is_settled(&batch, &Build::of_arn(&arn, event.1)), expected);
    }

    #[test]
    fn a_batch_is_settled_if_an_event_or_nothing_follows() {
        let (running, failed) = (Status::InProgress, Status::Failed);
        check(failed, &[("a", Some(failed))], ("a", failed), true);
        // The end of the batch has no event.
        check(running, &[("a", Some(failed)), ("b", None)], ("a", failed), false);
        check(
            running,
            &[("a", Some(failed)), ("b", Some(running))],
            ("a", failed),
            true,
        );
        // The description is older than the event.
        check(
            running,
            &[("a", Some(running)), ("b", Some(running))],
            ("a", failed),
            false,
        );
        check(running, &[("b", Some(running))], ("a", running), false);
        check(running, &[("a", Some(running))], ("a", running), true);
        // The event is older than the description.
        check(
            running,
            &[("a", Some(failed)), ("b", Some(running))],
            ("a", running),
            true,
        );
    }
}
