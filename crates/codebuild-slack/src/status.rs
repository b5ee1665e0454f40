//! How a build stands.

/// A build's status, as CodeBuild's service model has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It runs.
    InProgress,
    /// It ended well.
    Succeeded,
    /// A command failed, or something else that the project is responsible for.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// CodeBuild itself failed.
    Fault,
    /// It took longer than the project allows.
    TimedOut,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::InProgress,
        Self::Succeeded,
        Self::Failed,
        Self::Stopped,
        Self::Fault,
        Self::TimedOut,
    ];

    /// Understands CodeBuild's word.
    ///
    /// # Errors
    /// A sentence with the words that are expected.
    pub fn parse(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == word);
        found.ok_or_else(|| {
            let words = Self::ALL.map(Self::as_str).join(", ");
            format!("expected statuses among {words}")
        })
    }

    /// CodeBuild's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Stopped => "STOPPED",
            Self::Fault => "FAULT",
            Self::TimedOut => "TIMED_OUT",
        }
    }

    /// Whether the build has ended.
    pub fn is_final(self) -> bool {
        self != Self::InProgress
    }

    /// Whether the build has ended badly. One that was stopped says nothing about the code.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Fault | Self::TimedOut)
    }
}
