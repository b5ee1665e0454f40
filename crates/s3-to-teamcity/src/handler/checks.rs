//! The check event.

use std::time::Duration;

use lambda_core::check::Check;
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;

use super::S3ToTeamCity;
use crate::build_request::BuildTypeId;

/// Longest time for all requests: a server that drops packets must not use up the invocation.
const TIME: Duration = Duration::from_secs(20);

impl S3ToTeamCity {
    pub(super) async fn make_checks(&self, invocation: &Invocation) -> Vec<Check> {
        let deadline = self.working_time(invocation.deadline);
        let deadline = Deadline::after(deadline.remaining().min(TIME));
        let mut checks = self.teamcity.checks(&self.build_types(), deadline).await;
        checks.push(Check::not_tried(
            "permissions to run, tag, comment and cancel builds",
            "only a build would show them; the README lists them, and the first upload names a missing one",
        ));
        if self.dead_letters.is_some() {
            checks.push(Check::not_tried(
                "permission sqs:SendMessage on DEAD_LETTER_QUEUE_URL",
                "it would send a message",
            ));
        }
        checks
    }

    /// Returns the build configuration of each route once, in the order of the routes.
    fn build_types(&self) -> Vec<BuildTypeId> {
        let mut build_types: Vec<BuildTypeId> = Vec::new();
        for route in &self.config.routes {
            if !build_types.contains(&route.build_type) {
                build_types.push(route.build_type.clone());
            }
        }
        build_types
    }
}
