//! The builds of one upload, and the choice of the one that counts.
//!
//! Two invocations for the same upload can look up its tag at the same moment, find no build, and both queue one. Each
//! then looks the tag up again and sees both builds. All invocations choose the lowest id without talking to each other,
//! and cancel the other builds that are still queued.

/// A build in TeamCity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Build {
    /// TeamCity's id; a later build has a higher one.
    pub(crate) id: u64,
    pub(crate) state: BuildState,
    /// The address of the build's page.
    pub(crate) web_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildState {
    /// The build waits. If it is cancelled now, it has no effect.
    Queued,
    /// The build runs or has run.
    Started,
    /// The build ended before it ran.
    Cancelled,
}

/// The builds of one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadBuilds {
    /// The build that counts, the first one that was queued.
    pub(crate) first: Build,
    /// Ids of duplicates that can still be cancelled.
    pub(crate) queued_duplicates: Vec<u64>,
    /// Ids of duplicates that have started and are left alone.
    pub(crate) started_duplicates: Vec<u64>,
}

impl UploadBuilds {
    /// Sorts the builds that a look-up by tag found. Returns `None` if it found none.
    ///
    /// The lowest id counts even if a person cancelled that build: this upload's build was not wanted then.
    pub(crate) fn sort(mut builds: Vec<Build>) -> Option<Self> {
        builds.sort_by_key(|build| build.id);
        let mut builds = builds.into_iter();
        let mut sorted = Self::only(builds.next()?);
        for build in builds.filter(|build| build.id != sorted.first.id) {
            match build.state {
                BuildState::Queued => sorted.queued_duplicates.push(build.id),
                BuildState::Started => sorted.started_duplicates.push(build.id),
                BuildState::Cancelled => {}
            }
        }
        Some(sorted)
    }

    /// Returns a build without duplicates.
    pub(crate) fn only(build: Build) -> Self {
        Self {
            first: build,
            queued_duplicates: Vec::new(),
            started_duplicates: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks builds written as `1q 2r 3c`: id, and queued, running or cancelled.
    #[track_caller]
    fn check(builds: &str, first: u64, queued: &[u64], started: &[u64]) {
        let builds = builds.split_whitespace().map(|build| {
            let (id, state) = build.split_at(build.len() - 1);
            Build {
                id: id.parse().expect("a number"),
                state: match state {
                    "q" => BuildState::Queued,
                    "r" => BuildState::Started,
                    _ => BuildState::Cancelled,
                },
                web_url: None,
            }
        });
        let builds = UploadBuilds::sort(builds.collect()).expect("there is a build");
        assert_eq!(builds.first.id, first);
        assert_eq!(builds.queued_duplicates, queued);
        assert_eq!(builds.started_duplicates, started);
    }

    #[test]
    fn the_lowest_id_counts_in_any_state() {
        check("1q", 1, &[], &[]);
        check("3q 1r 2q", 1, &[2, 3], &[]);
        check("2q 1c", 1, &[2], &[]);
        check("10q 9q", 9, &[10], &[]);
    }

    #[test]
    fn a_duplicate_that_runs_is_counted_and_not_cancelled() {
        check("1q 2r 3q", 1, &[3], &[2]);
    }

    #[test]
    fn a_cancelled_duplicate_needs_nothing() {
        check("1r 2c 3c", 1, &[], &[]);
    }

    #[test]
    fn without_builds_there_is_nothing_to_sort() {
        assert_eq!(UploadBuilds::sort(Vec::new()), None);
    }
}
