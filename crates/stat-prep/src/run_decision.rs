//! The decision between keeping a month's run and opening another one.

use stat_ledger::run::RunState;

use crate::event::Scope;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunDecision {
    /// Keep the current run, and invoke its unclaimed tasks. A run that has ended has none.
    Keep,
    /// Open a run for all buildings, and abandon the current one if it is open.
    Open,
    /// Open a run for the failed buildings of the current one.
    Correct,
    /// Refuse the event: no run exists that could have failed buildings.
    NothingToCorrect,
}

/// Decides by the state of the month's current run.
///
/// `request_run_exists` means that this very request has opened a run already: AWS delivers an event twice
/// now and then, and keeps the request id when it retries.
///
/// `force` abandons an open run: a run that cannot continue, because another analyser was deployed in the
/// middle of it, could not be ended otherwise.
pub(crate) fn decide(scope: Scope, current: Option<RunState>, request_run_exists: bool) -> RunDecision {
    match (scope, current) {
        (Scope::Failed, None) => RunDecision::NothingToCorrect,
        (_, None) => RunDecision::Open,
        _ if request_run_exists => RunDecision::Keep,
        (Scope::Everything, Some(_)) => RunDecision::Open,
        (Scope::Failed, Some(RunState::Partial)) => RunDecision::Correct,
        (Scope::Missing | Scope::Failed, Some(_)) => RunDecision::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scope: Scope, current: Option<RunState>, request_run_exists: bool, expected: RunDecision) {
        assert_eq!(decide(scope, current, request_run_exists), expected);
    }

    #[test]
    fn a_plain_event_opens_a_run_once() {
        check(Scope::Missing, None, false, RunDecision::Open);
        for state in [
            RunState::Queued,
            RunState::Running,
            RunState::Done,
            RunState::Partial,
        ] {
            check(Scope::Missing, Some(state), false, RunDecision::Keep);
        }
    }

    #[test]
    fn force_opens_another_run_but_one_for_each_request() {
        check(Scope::Everything, Some(RunState::Done), false, RunDecision::Open);
        check(
            Scope::Everything,
            Some(RunState::Running),
            false,
            RunDecision::Open,
        );
        check(
            Scope::Everything,
            Some(RunState::Running),
            true,
            RunDecision::Keep,
        );
        check(Scope::Everything, Some(RunState::Done), true, RunDecision::Keep);
    }

    #[test]
    fn failed_corrects_a_partial_run_only() {
        check(
            Scope::Failed,
            Some(RunState::Partial),
            false,
            RunDecision::Correct,
        );
        check(Scope::Failed, Some(RunState::Partial), true, RunDecision::Keep);
        check(Scope::Failed, Some(RunState::Done), false, RunDecision::Keep);
        check(Scope::Failed, Some(RunState::Running), false, RunDecision::Keep);
        check(Scope::Failed, None, false, RunDecision::NothingToCorrect);
    }
}
