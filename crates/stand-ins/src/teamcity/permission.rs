use super::Settings;
use super::refusal::Refusal;

/// Permission of a token's user in the project, or on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Sees the project; otherwise its build configurations seem not to exist.
    ViewProject,
    /// Queues builds.
    RunBuild,
    /// Queues builds with a comment.
    CommentBuild,
    /// Queues builds with properties.
    CustomizeBuildParameters,
    /// Queues builds with tags.
    TagBuild,
    /// Cancels queued builds.
    StopBuild,
    /// Moves queued builds to the top; granted for the whole server only.
    ReorderBuilds,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 7] = [
        Self::ViewProject,
        Self::RunBuild,
        Self::CommentBuild,
        Self::CustomizeBuildParameters,
        Self::TagBuild,
        Self::StopBuild,
        Self::ReorderBuilds,
    ];

    /// Name in TeamCity's roles and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::ViewProject => "View project and all parent projects",
            Self::RunBuild => "Run build",
            Self::CommentBuild => "Comment build",
            Self::CustomizeBuildParameters => "Customize build parameters",
            Self::TagBuild => "Tag build",
            Self::StopBuild => "Stop build / remove from queue",
            Self::ReorderBuilds => "Reorder builds in queue",
        }
    }

    /// Returns the permissions that the table of a README calls needed `always`.
    ///
    /// # Panics
    /// Panics if TeamCity has no permission of a row's name.
    pub fn required_by(readme: &str) -> Vec<Self> {
        let rows = readme
            .lines()
            .filter(|row| row.starts_with("| *") && row.contains("* | always |"));
        let named = |row: &str| {
            let is_named = |permission: &Self| row.starts_with(&format!("| *{}* |", permission.name()));
            let permission = Self::ALL.into_iter().find(is_named);
            permission.unwrap_or_else(|| panic!("TeamCity has no permission of this name: {row}"))
        };
        rows.map(named).collect()
    }

    /// Fails if the token lacks the permission.
    pub(super) fn check(self, settings: &Settings) -> Result<(), Refusal> {
        if settings.permissions.contains(&self) {
            return Ok(());
        }
        let (name, place) = match self {
            Self::ReorderBuilds => (self.name(), "."),
            _ => (self.name(), " in project with internal id: project1"),
        };
        Err(Refusal::forbidden(format!(
            "You do not have \"{name}\" permission{place}"
        )))
    }
}
