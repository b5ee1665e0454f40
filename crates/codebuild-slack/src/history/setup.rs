//! What two builds of one project must share, beside their branch, to be comparable.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Variable with the name of a build in its batch. Members of one batch do different things.
pub(crate) const BATCH_IDENTIFIER: &str = "CODEBUILD_BATCH_BUILD_IDENTIFIER";
/// Prefix of the variables that CodeBuild sets. They differ from build to build.
const OWN_PREFIX: &str = "CODEBUILD_";

/// Hash of a build's source location, batch identifier and variables. Values of variables may be secret, so none is
/// kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Setup(u64);

/// The parts of a [`Setup`], as CodeBuild's API returns them.
pub(crate) struct Parts<'b> {
    pub(crate) source_location: Option<&'b str>,
    pub(crate) is_in_batch: bool,
    /// Name and value of each variable.
    pub(crate) variables: Vec<(&'b str, &'b str)>,
    /// The resolved commit and the source version, if they are known.
    pub(crate) commits: Vec<&'b str>,
}

impl Setup {
    /// Returns `None` for a member of a batch without its identifier.
    pub(crate) fn of(mut parts: Parts) -> Option<Self> {
        let identifier = parts
            .variables
            .iter()
            .find(|(name, _)| *name == BATCH_IDENTIFIER)
            .map(|(_, value)| *value);
        if parts.is_in_batch && identifier.is_none() {
            return None;
        }
        parts.variables.retain(|(name, _)| !name.starts_with(OWN_PREFIX));
        parts.variables.sort_unstable();
        let mut hasher = DefaultHasher::new();
        (parts.source_location, identifier).hash(&mut hasher);
        for (name, value) in &parts.variables {
            let constant = (!changes_with_each_build(value, &parts.commits)).then_some(value);
            (name, constant).hash(&mut hasher);
        }
        Some(Self(hasher.finish()))
    }
}

/// Returns whether a value holds the commit, at least its seven first digits, or an execution id, which is a UUID.
fn changes_with_each_build(value: &str, commits: &[&str]) -> bool {
    let holds_commit = |commit: &&str| {
        let is_hash = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash && value.contains(&commit[..7])
    };
    commits.iter().any(holds_commit) || holds_uuid(value)
}

fn holds_uuid(value: &str) -> bool {
    let is_uuid = |bytes: &[u8]| {
        bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    value.as_bytes().windows(36).any(is_uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

    fn setup(location: Option<&str>, is_in_batch: bool, variables: &[(&str, &str)]) -> Option<Setup> {
        Setup::of(Parts {
            source_location: location,
            is_in_batch,
            variables: variables.to_vec(),
            commits: vec![COMMIT],
        })
    }

    #[test]
    fn differs_by_location_and_own_variables() {
        let web = Some("https://github.com/acme/web.git");
        let dev = setup(web, false, &[("STAGE", "dev"), ("B", "1")]);
        assert_eq!(
            dev,
            setup(web, false, &[("B", "1"), ("STAGE", "dev")]),
            "in any order"
        );
        for other in [
            setup(web, false, &[("STAGE", "prod"), ("B", "1")]),
            setup(web, false, &[("STAGE", "dev")]),
            setup(
                Some("https://github.com/acme/api.git"),
                false,
                &[("STAGE", "dev"), ("B", "1")],
            ),
            setup(None, false, &[("STAGE", "dev"), ("B", "1")]),
        ] {
            assert_ne!(dev, other);
        }
    }

    #[test]
    fn ignores_values_that_change_with_each_build() {
        let first = [
            ("CODEBUILD_BUILD_NUMBER", "1"),
            ("TAG", "web-1a2b3c4"),
            ("RUN", "x/8745a7a9-0000-4000-8000-000000000001"),
        ];
        let second = [("TAG", COMMIT), ("RUN", "x/8745a7a9-0000-4000-8000-000000000002")];
        assert_eq!(setup(None, false, &first), setup(None, false, &second));
        assert_ne!(
            setup(None, false, &first),
            setup(None, false, &[]),
            "the names still count"
        );
    }

    #[test]
    fn members_of_a_batch_are_known_by_their_identifier() {
        let member = |identifier| setup(None, true, &[(BATCH_IDENTIFIER, identifier)]);
        assert_eq!(member("node20"), member("node20"));
        assert_ne!(member("node18"), member("node20"));
        assert_ne!(member("node20"), setup(None, false, &[]));
        assert_eq!(setup(None, true, &[]), None);
    }
}
