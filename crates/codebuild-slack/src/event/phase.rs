//! The phases of a build.

/// CodeBuild's phases, in their order.
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

/// A phase that the build has entered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phase {
    /// CodeBuild's name of the phase, such as `PRE_BUILD`.
    pub(crate) name: String,
    /// CodeBuild's status of the phase; `None` while it runs.
    pub(crate) status: Option<String>,
    pub(crate) seconds: Option<u64>,
    /// CodeBuild's message about the end of the phase, such as `COMMAND_EXECUTION_ERROR: …`.
    pub(crate) context: Option<String>,
}

impl Phase {
    pub(crate) fn is_failed(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status != "SUCCEEDED")
    }
}

/// Returns the position of a phase, counted from 1. An unknown phase has position 0, so that it never hides a known one.
pub(crate) fn position(name: &str) -> u32 {
    let position = ORDER.iter().position(|phase| *phase == name);
    position.map_or(0, |position| position as u32 + 1)
}

/// Extracts the message from a phase's context. CodeBuild sends `": "` or `[: ]` if there is no message.
pub(crate) fn context(text: &str) -> Option<String> {
    let text = text.trim();
    let has_message = text.contains(|character| !"[]:, ".contains(character));
    has_message.then(|| text.trim_matches([':', ' ', ',']).to_owned())
}

/// Extracts the message from a list of contexts, which is written as `[CODE: message]`.
pub(crate) fn listed_context(text: &str) -> Option<String> {
    context(list_content(text.trim()).unwrap_or(text))
}

/// Returns the text inside the brackets of a list. In `[error] in rule [x]` the brackets are no list, because the first
/// one is closed before the end.
fn list_content(text: &str) -> Option<&str> {
    let content = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut depth = 0_i32;
    let is_closed_early = content.chars().any(|character| {
        depth += i32::from(character == '[') - i32::from(character == ']');
        depth < 0
    });
    (!is_closed_early).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_follow_the_order_of_the_phases() {
        assert!(position("INSTALL") < position("BUILD") && position("BUILD") < position("COMPLETED"));
        assert!(position("TELEPORTING") < position("SUBMITTED"));
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(context(text).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn brackets_of_a_list_are_removed_and_those_of_a_message_stay() {
        for (listed, expected) in [
            ("[YAML_FILE_ERROR: a]", Some("YAML_FILE_ERROR: a")),
            (
                "[COMMAND_EXECUTION_ERROR: test [ -f x ]]",
                Some("COMMAND_EXECUTION_ERROR: test [ -f x ]"),
            ),
            ("[: ]", None),
            ("[]", None),
            (
                "[ERROR] no rule matches [web]",
                Some("[ERROR] no rule matches [web]"),
            ),
            (
                "CLIENT_ERROR: no rule matches [web]",
                Some("CLIENT_ERROR: no rule matches [web]"),
            ),
            (
                "[[ERROR] no rule matches [web]]",
                Some("[ERROR] no rule matches [web]"),
            ),
        ] {
            assert_eq!(listed_context(listed).as_deref(), expected, "{listed:?}");
        }
        check("[ERROR] exit status [2]", Some("[ERROR] exit status [2]"));
        check("[\"a\"]", Some("[\"a\"]"));
    }

    #[test]
    fn a_context_without_a_message_is_none() {
        check(": ", None);
        check("[: ]", None);
        check("[]", None);
        check("", None);
        check("[:, :]", None);
        check(
            "COMMAND_EXECUTION_ERROR: Error while executing command: make. Reason: exit status 2",
            Some("COMMAND_EXECUTION_ERROR: Error while executing command: make. Reason: exit status 2"),
        );
    }
}
