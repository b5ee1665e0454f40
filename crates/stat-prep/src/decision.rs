//! What an event means for a month, given the run that the ledger has.

use stat_ledger::run::{Run, RunState};

use crate::event::Scope;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Leave the run as it is, and hand out what nobody works on; there is nothing to hand out when it has
    /// ended.
    Keep,
    /// Open a run; an open one is given up.
    Open,
    /// Open a run that repeats the failed buildings of the one that counts.
    Correct,
    /// There is no run whose failed buildings could be repeated.
    NothingToCorrect,
}

/// Decides.
///
/// `current` is the run that counts. `request_run_exists` says that this very request has opened a run
/// already: AWS delivers an event twice now and then, and keeps the request id when it retries.
///
/// `force` gives an open run up: an open run that cannot go on, because another analyser was deployed in
/// the middle of it, could not be ended otherwise.
pub fn decide(scope: Scope, current: Option<&Run>, request_run_exists: bool) -> Decision {
    let state = current.map(|run| run.state);
    match (scope, state) {
        (Scope::Failed, None) => Decision::NothingToCorrect,
        (_, None) => Decision::Open,
        _ if request_run_exists => Decision::Keep,
        (Scope::Everything, Some(_)) => Decision::Open,
        (Scope::Failed, Some(RunState::Partial)) => Decision::Correct,
        (Scope::Missing | Scope::Failed, Some(_)) => Decision::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use uuid::Uuid;

    #[track_caller]
    fn check(scope: Scope, state: Option<RunState>, request_run_exists: bool, expected: Decision) {
        let run = state.map(|state| Run {
            id: Uuid::nil(),
            period: "2026-10".parse().expect("a period"),
            state,
            mail: true,
            corrects: None,
            starts_at: Timestamp::UNIX_EPOCH,
            ends_at: Timestamp::UNIX_EPOCH,
            analyser: None,
            unknown_texts: 0,
            unknown_buildings: Vec::new(),
            message_id: None,
            mailed_at: None,
            tasks: 1,
        });
        assert_eq!(decide(scope, run.as_ref(), request_run_exists), expected);
    }

    #[test]
    fn a_plain_event_opens_a_run_once() {
        check(Scope::Missing, None, false, Decision::Open);
        for state in [
            RunState::Queued,
            RunState::Running,
            RunState::Done,
            RunState::Partial,
        ] {
            check(Scope::Missing, Some(state), false, Decision::Keep);
        }
    }

    #[test]
    fn force_opens_another_run_but_one_for_each_request() {
        check(Scope::Everything, Some(RunState::Done), false, Decision::Open);
        check(Scope::Everything, Some(RunState::Running), false, Decision::Open);
        check(Scope::Everything, Some(RunState::Running), true, Decision::Keep);
        check(Scope::Everything, Some(RunState::Done), true, Decision::Keep);
    }

    #[test]
    fn failed_corrects_a_partial_run_only() {
        check(Scope::Failed, Some(RunState::Partial), false, Decision::Correct);
        check(Scope::Failed, Some(RunState::Partial), true, Decision::Keep);
        check(Scope::Failed, Some(RunState::Done), false, Decision::Keep);
        check(Scope::Failed, Some(RunState::Running), false, Decision::Keep);
        check(Scope::Failed, None, false, Decision::NothingToCorrect);
    }
}
