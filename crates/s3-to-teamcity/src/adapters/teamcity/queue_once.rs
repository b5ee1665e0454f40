//! Queueing the build of an upload exactly once, as far as TeamCity allows.

use std::time::Duration;

use lambda_core::backoff;
use lambda_core::deadline::Deadline;

use super::{FailureKind, TeamCity, TeamCityError};
use crate::build_request::{BuildRequest, Identity};
use crate::build_tag::Tag;
use crate::upload_builds::{Build, UploadBuilds};

/// Builds that a look-up returns at most; no upload ever gets as many.
const MAX_BUILDS: u32 = 10;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// The build of an upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadBuild {
    pub(crate) id: u64,
    /// The address of the build's page.
    pub(crate) web_url: Option<String>,
    /// True if this call queued the build.
    pub(crate) is_new: bool,
    pub(crate) duplicates_cancelled: usize,
    /// Number of duplicates that started before they could be cancelled.
    pub(crate) duplicates_started: usize,
}

/// The error for an upload without a build.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct BuildNotQueued {
    message: String,
    pub(crate) kind: FailureKind,
}

impl TeamCity {
    /// Queues the build unless it exists, and cancels duplicates.
    ///
    /// The tag is looked up first; a build that is found counts. After a build was queued, the tag is looked up again:
    /// if another invocation queued one at the same moment, both see both builds, and the higher id is cancelled. A
    /// coalescing build is looked up in the queue only, and never cancelled. A transient error (409, 429, 5xx, no
    /// response) is retried until `deadline`. Every retry begins with the look-up, because a request may have succeeded
    /// although its response was lost.
    ///
    /// # Errors
    ///
    /// The last error of TeamCity. The build may exist nevertheless; the next delivery of the event finds it.
    pub(crate) async fn queue_once(
        &self,
        request: &BuildRequest,
        deadline: Deadline,
    ) -> Result<UploadBuild, BuildNotQueued> {
        let mut attempts = Attempts {
            teamcity: self,
            request,
            deadline,
            queued: None,
            may_be_queued: false,
            duplicates_cancelled: 0,
        };
        let (mut attempt, mut backoff_attempt) = (1, 1);
        loop {
            let was_queued = attempts.queued.is_some();
            let error = match attempts.next().await {
                Ok(build) => return Ok(build),
                Err(error) => error,
            };
            // Once the build is queued, a duplicate can start at any moment: wait only briefly again.
            if !was_queued && attempts.queued.is_some() {
                backoff_attempt = 1;
            }
            let delay = backoff::delay(backoff_attempt, FIRST_DELAY, LONGEST_DELAY);
            let delay = delay + error.retry_after().unwrap_or_default();
            let build_type = &request.build_type;
            if !error.is_transient() || deadline.remaining() <= delay {
                let message =
                    format!("gave up after attempt {attempt}: {error} (build configuration {build_type})");
                let kind = error.kind();
                return Err(BuildNotQueued { message, kind });
            }
            let object = &request.object;
            tracing::warn!(
                attempt,
                build.type_id = %build_type,
                "retrying the build of {build_type} for {object}, attempt {attempt} failed: {error}"
            );
            tokio::time::sleep(delay).await;
            (attempt, backoff_attempt) = (attempt + 1, backoff_attempt + 1);
        }
    }
}

/// The attempts to queue one build, with the results of earlier ones.
struct Attempts<'a> {
    teamcity: &'a TeamCity,
    request: &'a BuildRequest,
    deadline: Deadline,
    /// The build that TeamCity confirmed.
    queued: Option<Build>,
    /// True if the response to a request was lost, so that the build may be queued.
    may_be_queued: bool,
    duplicates_cancelled: usize,
}

impl Attempts<'_> {
    async fn next(&mut self) -> Result<UploadBuild, TeamCityError> {
        match &self.request.identity {
            Identity::Coalescing(tag) => self.next_coalescing(tag).await,
            Identity::Upload {
                of_event, known_by, ..
            } => self.next_of_upload(of_event, known_by.as_ref()).await,
        }
    }

    async fn next_of_upload(
        &mut self,
        of_event: &Tag,
        known_by: Option<&Tag>,
    ) -> Result<UploadBuild, TeamCityError> {
        let builds = match self.look_up(of_event).await? {
            Some(builds) => builds,
            None => {
                // Another event's build serves a job's task. It has other duplicates, which are not this task's.
                if let Some(tag) = known_by
                    && let Some(builds) = self.look_up(tag).await?
                {
                    return Ok(self.outcome(builds.first, false, 0));
                }
                let queued = self.queue(of_event).await?;
                // If TeamCity does not list the build under its tag, no duplicate can be found either.
                self.look_up(of_event)
                    .await?
                    .unwrap_or_else(|| UploadBuilds::only(queued))
            }
        };
        let duplicates_started = self.cancel_duplicates(of_event, &builds).await?;
        let is_new = match &self.queued {
            Some(queued) => queued.id == builds.first.id,
            None => self.may_be_queued,
        };
        Ok(self.outcome(builds.first, is_new, duplicates_started))
    }

    /// Takes a build that waits in the queue, or queues one.
    ///
    /// A build that waited when TeamCity looked it up starts later than that, and so after the upload, whenever its
    /// response arrives. A build that runs may have listed the bucket before the upload: it does not count.
    async fn next_coalescing(&mut self, tag: &Tag) -> Result<UploadBuild, TeamCityError> {
        if let Some(waiting) = self.look_up_in_queue(tag).await? {
            let is_new = self.may_be_queued;
            return Ok(self.outcome(waiting, is_new, 0));
        }
        let queued = self.queue(tag).await?;
        Ok(self.outcome(queued, true, 0))
    }

    fn outcome(&self, build: Build, is_new: bool, duplicates_started: usize) -> UploadBuild {
        UploadBuild {
            id: build.id,
            web_url: build.web_url,
            is_new,
            duplicates_cancelled: self.duplicates_cancelled,
            duplicates_started,
        }
    }

    async fn look_up(&self, tag: &Tag) -> Result<Option<UploadBuilds>, TeamCityError> {
        let build_type = &self.request.build_type;
        let builds = self
            .teamcity
            .find_by_tag(build_type, tag, "any", MAX_BUILDS, self.deadline);
        builds.await.map(UploadBuilds::sort)
    }

    /// Returns the first build with this tag that waits in the queue.
    async fn look_up_in_queue(&self, tag: &Tag) -> Result<Option<Build>, TeamCityError> {
        let build_type = &self.request.build_type;
        let builds = self
            .teamcity
            .find_by_tag(build_type, tag, "queued", MAX_BUILDS, self.deadline);
        Ok(UploadBuilds::sort(builds.await?).map(|builds| builds.first))
    }

    /// Queues the build, unless an earlier attempt did.
    async fn queue(&mut self, tag: &Tag) -> Result<Build, TeamCityError> {
        if let Some(queued) = &self.queued {
            return Ok(queued.clone());
        }
        let result = self.teamcity.queue(self.request, self.deadline).await;
        self.may_be_queued |= result.as_ref().is_err_and(TeamCityError::may_have_succeeded);
        let queued = match result {
            Err(error) if error.is_forbidden() && self.request.queue_at_top => {
                self.queued_below_the_top(tag, error).await?
            }
            result => result?,
        };
        self.queued = Some(queued.clone());
        Ok(queued)
    }

    /// Looks for the build after a 403. TeamCity queues a build first and moves it to the top afterwards, for which the
    /// token may lack the permission.
    async fn queued_below_the_top(&self, tag: &Tag, error: TeamCityError) -> Result<Build, TeamCityError> {
        let found = match &self.request.identity {
            Identity::Coalescing(_) => self.look_up_in_queue(tag).await?,
            Identity::Upload { .. } => self.look_up(tag).await?.map(|builds| builds.first),
        };
        let Some(build) = found else {
            return Err(error);
        };
        let id = build.id;
        tracing::warn!(
            build.id = id,
            "queued build {id}, but could not move it to the top of the queue: {error}"
        );
        Ok(build)
    }

    /// Cancels queued duplicates, and returns the number of duplicates that run or will run.
    async fn cancel_duplicates(&mut self, tag: &Tag, builds: &UploadBuilds) -> Result<usize, TeamCityError> {
        let comment = format!("duplicate of {}", builds.first.id);
        let (mut any_left_queue, mut not_cancelled) = (false, 0);
        for &id in &builds.queued_duplicates {
            match self.teamcity.cancel(id, &comment, self.deadline).await {
                Ok(()) => self.duplicates_cancelled += 1,
                Err(error) if error.is_not_found() => any_left_queue = true,
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    tracing::warn!(build.id = id, "could not cancel build {id}, a {comment}: {error}");
                    not_cancelled += 1;
                }
            }
        }
        let mut started = builds.started_duplicates.len();
        if any_left_queue {
            // Such a duplicate has just started, or another invocation has cancelled it.
            started = self
                .look_up(tag)
                .await?
                .map_or(started, |now| now.started_duplicates.len());
        }
        Ok(started + not_cancelled)
    }
}
