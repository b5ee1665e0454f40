//! Secrets planted in every input, variable and answer of a run, and the search for them in all outputs.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Leaks that a failure describes.
const SHOWN: usize = 8;

pub(crate) const TEAMCITY_TOKEN: &str = "canary/teamcity+Zq81=token";
pub(crate) const SLACK_TOKEN: &str = "xoxb-4815162342-canaryK7slackTok";
pub(crate) const DATABASE_PASSWORD: &str = "canary-Pg7x-password";
/// Value of a variable that no function knows.
pub(crate) const VARIABLE: &str = "canary/variable\"Wd52+x";
/// Value of a field that no function reads.
pub(crate) const EVENT: &str = "canary/event\"Gh63+y";
/// Value of a build's variable `DEPLOY_TOKEN`, also in its log and its phases.
pub(crate) const BUILD_VARIABLE: &str = "canaryBuildVar9Xk2LmQ84";
/// Password in the address of a build's source.
pub(crate) const SOURCE_PASSWORD: &str = "canarySource5Rt7pW31";
/// Secret in the error page of another side.
pub(crate) const ANSWER: &str = "canaryAnswer8Jq4Vb67cD";
/// Personal data in the texts.
pub(crate) const PHONE: &str = "010-4815-1623";
pub(crate) const MAIL: &str = "canary.resident@example.com";

pub(crate) const ALL: [(&str, &str); 10] = [
    ("the TeamCity token", TEAMCITY_TOKEN),
    ("the Slack token", SLACK_TOKEN),
    ("the database's password", DATABASE_PASSWORD),
    ("an unknown variable", VARIABLE),
    ("an unread field of an event", EVENT),
    ("a variable of a build", BUILD_VARIABLE),
    ("the password of a build's source", SOURCE_PASSWORD),
    ("an error page", ANSWER),
    ("a telephone number in a text", PHONE),
    ("a mail address in a text", MAIL),
];

/// Outputs of a run: everything that leaves a function, except to the system that the secret is for.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Vec<(String, String)>);

impl Outputs {
    pub(crate) fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns the number of outputs and bytes that were searched.
    ///
    /// # Errors
    /// Fails with the places, forms and surroundings of the first canaries.
    pub(crate) fn search(&self) -> Result<(usize, usize)> {
        let needles = ALL.iter().flat_map(|(name, secret)| {
            let forms = forms(secret).into_iter();
            forms.map(move |(form, text)| (*name, form, text))
        });
        let needles: Vec<_> = needles.collect();
        let mut found = BTreeMap::new();
        for (place, text) in &self.0 {
            for (name, form, needle) in &needles {
                if let Some(at) = text.find(needle.as_str()) {
                    found.entry((place, *name)).or_insert((*form, around(text, at)));
                }
            }
        }
        let first: Vec<String> = found
            .iter()
            .take(SHOWN)
            .map(|((place, name), (form, before))| format!("{place} contains {name} ({form}): {before}"))
            .collect();
        ensure!(
            found.is_empty(),
            "{} leaks: {}",
            found.len(),
            first.join("\n      ")
        );
        Ok((self.0.len(), self.0.iter().map(|(_, text)| text.len()).sum()))
    }
}

/// Text before a match, without the match.
fn around(text: &str, at: usize) -> &str {
    let from = text.floor_char_boundary(at.saturating_sub(200));
    &text[from..at]
}

/// Returns the forms in which a secret can appear.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::Value::from(secret).to_string();
    let escaped = json.trim_matches('"').to_owned();
    let mut forms = vec![
        ("plain", secret.to_owned()),
        ("JSON-escaped", escaped.clone()),
        (
            "JSON-escaped twice",
            escaped.replace('\\', "\\\\").replace('"', "\\\""),
        ),
        (
            "Rust's debug form",
            format!("{secret:?}").trim_matches('"').to_owned(),
        ),
        (
            "URL-encoded",
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        ),
        ("HTML-escaped", secret.replace('"', "&quot;")),
    ];
    for skipped in 0..3 {
        forms.push(("Base64", aligned(&BASE64_STANDARD, secret, skipped)));
        forms.push(("URL-safe Base64", aligned(&BASE64_URL_SAFE, secret, skipped)));
    }
    forms
}

/// Returns the characters of a Base64 text that depend on the secret alone, if it begins after `skipped` bytes of a group
/// of three.
fn aligned(engine: &impl Engine, secret: &str, skipped: usize) -> String {
    let padded = format!("{}{secret}", "\0".repeat(skipped));
    let whole_groups = padded.len() / 3 * 4;
    let encoded = engine.encode(padded);
    let first = [0, 2, 3][skipped];
    encoded[first..whole_groups].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_found(output: &str) {
        let mut outputs = Outputs::default();
        outputs.add("a log", output);
        outputs.search().expect_err("the canary must be found");
    }

    #[test]
    fn finds_a_secret_in_every_form() {
        check_found(&format!("before {TEAMCITY_TOKEN} after"));
        check_found(&serde_json::json!({"field": EVENT}).to_string());
        check_found(
            &serde_json::json!({"body": serde_json::json!({"field": EVENT}).to_string()}).to_string(),
        );
        check_found(&utf8_percent_encode(VARIABLE, NON_ALPHANUMERIC).to_string());
        for before in ["", "a", "ab"] {
            check_found(&BASE64_STANDARD.encode(format!("{before}{EVENT} and more")));
            check_found(&BASE64_URL_SAFE.encode(format!("{before}{TEAMCITY_TOKEN}!")));
        }
    }

    #[test]
    fn finds_nothing_in_an_innocent_output() {
        let mut outputs = Outputs::default();
        outputs.add("a log", "queued build 1001 for s3://inbox/in/a.csv");
        assert_eq!(outputs.search().expect("none is there"), (1, 41));
    }
}
