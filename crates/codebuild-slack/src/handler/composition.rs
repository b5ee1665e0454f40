//! The message about a build and the reply in its thread.

use std::time::Duration;

use lambda_core::deadline::Deadline;

use super::CodeBuildSlack;
use crate::event::build::Build;
use crate::message::mention::Mention;
use crate::message::{self, Details, Message, Reply};
use crate::route::Thread;

/// Time-out of the look-up of the author: a late message is worse than one without the mention.
const TIMEOUT: Duration = Duration::from_secs(5);

impl CodeBuildSlack {
    /// Composes the message, and the reply if a failure has one. Where the route has a mention or a reply, both also
    /// mention the author of a failed build.
    pub(super) async fn compose(
        &self,
        build: &Build,
        mention: Option<&Mention>,
        thread: Thread,
        compared: Option<&Details>,
        deadline: Deadline,
    ) -> (Message, Option<Reply>) {
        let details = self.details(build, compared, deadline).await;
        let mut mentions: Vec<Mention> = mention.cloned().into_iter().collect();
        if build.status.is_failure() && (mention.is_some() || thread != Thread::No) {
            let author = self.author(build, &details, deadline).await;
            mentions.extend(author.filter(|author| Some(author) != mention));
        }
        let localization = &self.config.localization;
        let message = message::render(build, &details, &mentions, localization);
        let reply = (build.status.is_failure() && thread != Thread::No).then(|| Reply {
            message: message::render_reply(build, &details, &mentions, localization.locale),
            is_broadcast: thread == Thread::Broadcast,
        });
        (message, reply)
    }

    /// Looks up the author in Slack. A failed look-up costs only the mention.
    async fn author(&self, build: &Build, details: &Details, deadline: Deadline) -> Option<Mention> {
        let email = details.author(build)?.email.as_ref()?;
        let timeout = TIMEOUT.min(deadline.remaining() / 4);
        let id = build.short_id();
        match self.slack.member(email, Deadline::after(timeout)).await {
            Ok(Some(member)) => Mention::of_member(&member),
            Ok(None) => {
                tracing::info!(
                    build.id = id,
                    "posting {id} without a mention of the author: the workspace has no active member with the \
                     author's e-mail address"
                );
                None
            }
            Err(error) => {
                tracing::warn!(
                    build.id = id,
                    "posting {id} without a mention of the author: {error}"
                );
                None
            }
        }
    }
}
