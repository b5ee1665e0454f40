//! One build per upload, as far as TeamCity allows: it knows no idempotency key.

use anyhow::Context;
use lambda_core::deadline::Deadline;
use lambda_core::pause;
use std::time::Duration;

use super::{TeamCity, TeamCityError};
use crate::build_request::BuildRequest;
use crate::duplicates::{Build, Settlement, settle};

/// More builds than one upload ever gets.
const LOOK_AT: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The build of an upload.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The one that counts.
    pub build: Build,
    /// Whether this call brought it about.
    pub is_new: bool,
    /// How many duplicates were cancelled before they began.
    pub cancelled: usize,
    /// How many duplicates had begun by then.
    pub started: usize,
}

/// What is known of a build while it is being brought about.
#[derive(Default)]
struct Course {
    /// What TeamCity answered when it was asked to queue it.
    queued: Option<Build>,
    /// It was asked, and the answer was lost.
    may_be_queued: bool,
    cancelled: usize,
}

impl TeamCity {
    /// Sees to it that this request's build is queued, and that no second one waits.
    ///
    /// Always looks the tag up first; a build that is there is the one. Having queued one it looks again: where
    /// another invocation queued one at the same moment, both see both, and the higher id is cancelled. Whatever
    /// passes (409, 429, 5xx, no answer) is tried again until `deadline`, beginning with the look-up: a request
    /// whose answer was lost may have done its work.
    ///
    /// # Errors
    /// With TeamCity's own words. There may be a build then; the next attempt at this upload finds it.
    pub async fn queue_once(&self, request: &BuildRequest, deadline: Deadline) -> anyhow::Result<Outcome> {
        let mut course = Course::default();
        let (mut attempt, mut tries) = (1, 1);
        loop {
            let was_queued = course.queued.is_some();
            let error = match self.advance(request, &mut course, deadline).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            // Once it is queued, a duplicate may begin at any moment: be quick again.
            if !was_queued && course.queued.is_some() {
                attempt = 1;
            }
            let pause = pause::before_retry(attempt, FIRST_PAUSE, LONGEST_PAUSE);
            let pause = pause + error.retry_after().unwrap_or_default();
            if !error.is_passing() || deadline.left() <= pause {
                return Err(error).with_context(|| tried(tries));
            }
            tracing::warn!(attempt = tries, build.tag = %request.tag, "trying again: {error}");
            tokio::time::sleep(pause).await;
            (attempt, tries) = (attempt + 1, tries + 1);
        }
    }

    async fn advance(
        &self,
        request: &BuildRequest,
        course: &mut Course,
        deadline: Deadline,
    ) -> Result<Outcome, TeamCityError> {
        let settlement = match settle(self.look_up(request, deadline).await?) {
            Some(settlement) => settlement,
            None => {
                let queued = self.queue_unless_queued(request, course, deadline).await?;
                let found = self.look_up(request, deadline).await?;
                // Where TeamCity does not show it under its tag, there is nothing to compare it with.
                settle(found).unwrap_or_else(|| Settlement::alone(queued))
            }
        };
        let started = self
            .cancel_duplicates(request, &settlement, course, deadline)
            .await?;
        let is_new = match &course.queued {
            Some(queued) => queued.id == settlement.first.id,
            None => course.may_be_queued,
        };
        Ok(Outcome {
            build: settlement.first,
            is_new,
            cancelled: course.cancelled,
            started,
        })
    }

    async fn queue_unless_queued(
        &self,
        request: &BuildRequest,
        course: &mut Course,
        deadline: Deadline,
    ) -> Result<Build, TeamCityError> {
        if let Some(queued) = &course.queued {
            return Ok(queued.clone());
        }
        let answer = self.queue(request, deadline).await;
        course.may_be_queued |= answer.as_ref().is_err_and(TeamCityError::is_ambiguous);
        let queued = answer?;
        course.queued = Some(queued.clone());
        Ok(queued)
    }

    /// Cancels what waits, and tells how many duplicates will run.
    async fn cancel_duplicates(
        &self,
        request: &BuildRequest,
        settlement: &Settlement,
        course: &mut Course,
        deadline: Deadline,
    ) -> Result<usize, TeamCityError> {
        let comment = format!("duplicate of {}", settlement.first.id);
        let mut not_queued = Vec::new();
        let mut not_cancelled = 0;
        for &id in &settlement.queued_duplicates {
            match self.cancel(id, &comment, deadline).await {
                Ok(()) => course.cancelled += 1,
                Err(error) if error.is_not_found() => not_queued.push(id),
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    tracing::warn!(build.id = id, "could not cancel build {id}, a {comment}: {error}");
                    not_cancelled += 1;
                }
            }
        }
        let mut started = settlement.started_duplicates.len();
        if !not_queued.is_empty() {
            // It has begun in this moment, or another invocation was quicker.
            let now = settle(self.look_up(request, deadline).await?);
            started = now.map_or(started, |now| now.started_duplicates.len());
        }
        Ok(started + not_cancelled)
    }

    async fn look_up(&self, request: &BuildRequest, deadline: Deadline) -> Result<Vec<Build>, TeamCityError> {
        self.find_by_tag(&request.build_type, &request.tag, LOOK_AT, deadline)
            .await
    }
}

fn tried(times: u32) -> String {
    match times {
        1 => "tried once".to_owned(),
        times => format!("tried {times} times"),
    }
}
