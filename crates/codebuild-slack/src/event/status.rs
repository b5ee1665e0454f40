//! The status of a build.

/// A build status of CodeBuild's service model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    InProgress,
    Succeeded,
    /// A command failed, or something else that the project is responsible for.
    Failed,
    Stopped,
    /// CodeBuild itself failed.
    Fault,
    /// The build took longer than the project allows.
    TimedOut,
    /// CodeBuild no longer knows the build. No event has this status.
    Unknown,
}

impl Status {
    pub(crate) const ALL: [Self; 6] = [
        Self::InProgress,
        Self::Succeeded,
        Self::Failed,
        Self::Stopped,
        Self::Fault,
        Self::TimedOut,
    ];

    /// Parses CodeBuild's spelling.
    ///
    /// # Errors
    ///
    /// The message lists the valid statuses.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let status = Self::ALL.into_iter().find(|status| status.as_str() == text);
        status.ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::as_str).join(", ")))
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Stopped => "STOPPED",
            Self::Fault => "FAULT",
            Self::TimedOut => "TIMED_OUT",
            Self::Unknown => "UNKNOWN",
        }
    }

    pub(crate) fn is_final(self) -> bool {
        self != Self::InProgress
    }

    /// Returns whether the build failed. A stopped build is no failure: the cause is not the code.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Fault | Self::TimedOut)
    }
}
