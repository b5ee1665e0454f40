//! The phases of a build.

/// In the order in which CodeBuild goes through them.
const ORDER: [&str; 11] = [
    "SUBMITTED",
    "QUEUED",
    "PROVISIONING",
    "DOWNLOAD_SOURCE",
    "INSTALL",
    "PRE_BUILD",
    "BUILD",
    "POST_BUILD",
    "UPLOAD_ARTIFACTS",
    "FINALIZING",
    "COMPLETED",
];

/// A phase that was entered.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// CodeBuild's word, such as `PRE_BUILD`.
    pub name: String,
    /// How it ended; `None` while it runs.
    pub status: Option<String>,
    /// In whole seconds.
    pub seconds: Option<u64>,
    /// What CodeBuild says about its end, such as `COMMAND_EXECUTION_ERROR: …`.
    pub context: Option<String>,
}

impl Phase {
    /// Whether it ended in another way than well.
    pub fn is_failed(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status != "SUCCEEDED")
    }
}

/// The place of a phase among all, from 1. A phase that is new to us is before all others: it never hides one that
/// we know.
pub fn place(name: &str) -> u32 {
    let place = ORDER.iter().position(|phase| *phase == name);
    place.map_or(0, |place| place as u32 + 1)
}

/// What CodeBuild says about the end of a phase, where it says anything: `": "` and `[: ]` stand for nothing.
pub fn context(said: &str) -> Option<String> {
    let said = said.trim();
    let said = said.strip_prefix('[').unwrap_or(said);
    let said = said.strip_suffix(']').unwrap_or(said).trim();
    let words = said.trim_matches([':', ' ', ',']);
    (!words.is_empty()).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn come_one_after_the_other() {
        assert!(place("INSTALL") < place("BUILD") && place("BUILD") < place("COMPLETED"));
        assert!(place("TELEPORTING") < place("SUBMITTED"));
    }

    #[track_caller]
    fn check(said: &str, expected: Option<&str>) {
        assert_eq!(context(said).as_deref(), expected, "{said:?}");
    }

    #[test]
    fn a_context_that_says_nothing_is_none() {
        check(": ", None);
        check("[: ]", None);
        check("[]", None);
        check("", None);
        check("[:, :]", None);
        check(
            "COMMAND_EXECUTION_ERROR: Error while executing command: make. Reason: exit status 2",
            Some("COMMAND_EXECUTION_ERROR: Error while executing command: make. Reason: exit status 2"),
        );
        check("[YAML_FILE_ERROR: a]", Some("YAML_FILE_ERROR: a"));
    }
}
