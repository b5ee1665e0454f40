//! Which of several builds of one upload is the one that counts.

/// A build as TeamCity tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Grows from build to build.
    pub id: u64,
    /// Where it is on its way.
    pub state: State,
    /// Its page.
    pub web_url: Option<String>,
}

/// Where a build is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits, and can be cancelled as if it had never been.
    Queued,
    /// It runs or has run.
    Started,
    /// It ended without having run.
    Cancelled,
}

/// The builds of one upload, put in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The one that counts: the first that was queued. Everybody who looks agrees on it.
    pub first: Build,
    /// To be cancelled.
    pub queued_duplicates: Vec<u64>,
    /// Too late for that.
    pub started_duplicates: Vec<u64>,
}

impl Settlement {
    /// Of a build without duplicates.
    pub fn alone(build: Build) -> Self {
        Self {
            first: build,
            queued_duplicates: Vec::new(),
            started_duplicates: Vec::new(),
        }
    }
}

/// Puts in order what a look-up found. `None` where it found nothing.
///
/// The lowest id counts even where a person has cancelled it: then this upload's build was not wanted.
pub fn settle(mut found: Vec<Build>) -> Option<Settlement> {
    found.sort_by_key(|build| build.id);
    let mut found = found.into_iter();
    let first = found.next()?;
    let (mut queued_duplicates, mut started_duplicates) = (Vec::new(), Vec::new());
    for build in found.filter(|build| build.id != first.id) {
        match build.state {
            State::Queued => queued_duplicates.push(build.id),
            State::Started => started_duplicates.push(build.id),
            State::Cancelled => {}
        }
    }
    Some(Settlement {
        first,
        queued_duplicates,
        started_duplicates,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids and states as `1q 2r 3c`: queued, running, cancelled.
    #[track_caller]
    fn check(found: &str, first: u64, queued: &[u64], started: &[u64]) {
        let builds = found.split_whitespace().map(|build| {
            let (id, state) = build.split_at(build.len() - 1);
            Build {
                id: id.parse().expect("a number"),
                state: match state {
                    "q" => State::Queued,
                    "r" => State::Started,
                    _ => State::Cancelled,
                },
                web_url: None,
            }
        });
        let settlement = settle(builds.collect()).expect("something was found");
        assert_eq!(settlement.first.id, first);
        assert_eq!(settlement.queued_duplicates, queued);
        assert_eq!(settlement.started_duplicates, started);
    }

    #[test]
    fn the_lowest_id_counts_whatever_its_state() {
        check("1q", 1, &[], &[]);
        check("3q 1r 2q", 1, &[2, 3], &[]);
        check("2q 1c", 1, &[2], &[]);
        check("10q 9q", 9, &[10], &[]);
    }

    #[test]
    fn what_runs_is_left_alone_and_told() {
        check("1q 2r 3q", 1, &[3], &[2]);
    }

    #[test]
    fn what_is_cancelled_already_is_done_with() {
        check("1r 2c 3c", 1, &[], &[]);
    }

    #[test]
    fn nothing_found_is_nothing_settled() {
        assert_eq!(settle(Vec::new()), None);
    }
}
