//! Conditions on the result of a build: the words of a route's `when`.

use crate::event::status::Status;
use crate::history::verdict::Verdict;

/// A condition on the status of a build and its comparison with previous builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Every failure.
    Failed,
    /// The first failure after a success, and a failure that cannot be compared: `when` never hides one for lack of
    /// knowledge.
    Broken,
    StillFailing,
    /// The first success after a failure.
    Fixed,
    /// Every success.
    Succeeded,
    Stopped,
    /// Every status.
    Always,
}

impl Condition {
    const ALL: [(&'static str, Self); 7] = [
        ("failed", Self::Failed),
        ("broken", Self::Broken),
        ("still_failing", Self::StillFailing),
        ("fixed", Self::Fixed),
        ("succeeded", Self::Succeeded),
        ("stopped", Self::Stopped),
        ("always", Self::Always),
    ];

    /// Parses a word of `when`.
    ///
    /// # Errors
    ///
    /// The message lists the words.
    pub(crate) fn parse(word: &str) -> Result<Self, String> {
        let condition = Self::ALL.into_iter().find(|(name, _)| *name == word);
        condition.map(|(_, condition)| condition).ok_or_else(|| {
            let words = Self::ALL.map(|(name, _)| name).join(", ");
            format!("expected a list of {words}")
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        let name = Self::ALL.into_iter().find(|(_, condition)| *condition == self);
        name.map_or("", |(name, _)| name)
    }

    pub(crate) fn holds(self, status: Status, verdict: Option<Verdict>) -> bool {
        let is_still_failing = matches!(verdict, Some(Verdict::StillFailing { .. }));
        match self {
            Self::Broken => status.is_failure() && !is_still_failing,
            Self::StillFailing => status.is_failure() && is_still_failing,
            Self::Fixed => status == Status::Succeeded && matches!(verdict, Some(Verdict::Fixed { .. })),
            _ => self.may_hold(status),
        }
    }

    /// Returns whether the condition holds for some result of the comparison.
    pub(crate) fn may_hold(self, status: Status) -> bool {
        match self {
            Self::Failed | Self::Broken | Self::StillFailing => status.is_failure(),
            Self::Fixed | Self::Succeeded => status == Status::Succeeded,
            Self::Stopped => status == Status::Stopped,
            Self::Always => true,
        }
    }

    /// Returns whether the condition depends on the comparison.
    pub(crate) fn compares(self) -> bool {
        matches!(self, Self::Broken | Self::StillFailing | Self::Fixed)
    }

    /// Returns whether the condition holds only if there is a comparison.
    pub(crate) fn needs_comparison(self) -> bool {
        matches!(self, Self::StillFailing | Self::Fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the words that hold, in the order of [`Condition::ALL`].
    #[track_caller]
    fn check(status: Status, verdict: Option<Verdict>, expected: &[&str]) {
        let words = Condition::ALL.into_iter();
        let holding = words.filter(|(_, condition)| condition.holds(status, verdict));
        assert_eq!(holding.map(|(word, _)| word).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_failure_without_a_comparison_is_broken() {
        let still_failing = Some(Verdict::StillFailing { times: 2 });
        for status in [Status::Failed, Status::Fault, Status::TimedOut] {
            check(status, None, &["failed", "broken", "always"]);
            check(status, still_failing, &["failed", "still_failing", "always"]);
        }
    }

    #[test]
    fn only_a_success_after_a_failure_is_fixed() {
        check(Status::Succeeded, None, &["succeeded", "always"]);
        let fixed = Some(Verdict::Fixed { failures: 3 });
        check(Status::Succeeded, fixed, &["fixed", "succeeded", "always"]);
        check(Status::Stopped, None, &["stopped", "always"]);
        check(Status::InProgress, None, &["always"]);
    }
}
