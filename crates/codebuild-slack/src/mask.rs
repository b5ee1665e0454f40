//! The mask for secrets in foreign text.
//!
//! A build prints arbitrary text. The mask hides tokens with a known shape, values after the name of a secret, credentials
//! in addresses, private keys, and the values of the build's own environment. It rather hides too much than too little: a
//! masked line can be looked up in the log, but a secret in a channel must be rotated.
//!
//! All rules read the original text, and every match of any rule is hidden. So no rule removes text that another one needs
//! to recognize a secret.

#[cfg(test)]
mod corpus;
mod harmless;
mod ordinary;
mod pattern;
mod spelling;
mod token;

use std::fmt;
use std::ops::Range;

use spelling::Spelling;

const HIDDEN: &str = "***";

/// Minimum length of a value that is hidden anywhere in the text. Shorter ones (`1`, `true`, `dev`) would make the text
/// unreadable. They are hidden only if their name marks a secret, and then only as whole words.
const SHORTEST_VALUE: usize = 6;

/// The secret values of a build's environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Mask {
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Eq)]
struct Value {
    text: String,
    /// `true` if the variable's name marks no secret, so that only the value itself looks like one.
    is_unnamed: bool,
    spellings: Vec<Spelling>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mask({} values)", self.values.len())
    }
}

impl Mask {
    /// Creates a mask for variables, given as name and value. A value is secret if its variable is named like a secret, or
    /// if it looks like one: `production` and `ap-northeast-2` do not.
    pub(crate) fn new<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut values: Vec<Value> = Vec::new();
        for (name, value) in variables {
            let is_unnamed = !pattern::is_secret_name(name);
            if is_unnamed && ordinary::is_ordinary(value) {
                continue;
            }
            let shortest = if is_unnamed { SHORTEST_VALUE } else { 2 };
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= shortest);
            values.extend(lines.map(|line| Value::new(line, is_unnamed)));
        }
        // If two variables have the same value, the one that marks a secret is first and stays.
        values.sort_by(|a, b| (&a.text, a.is_unnamed).cmp(&(&b.text, b.is_unnamed)));
        values.dedup_by(|next, first| next.text == first.text);
        Self { values }
    }

    /// Adds the values of another build's environment.
    pub(crate) fn add(&mut self, other: &Self) {
        for value in &other.values {
            if !self.values.contains(value) {
                self.values.push(value.clone());
            }
        }
    }

    /// Reports whether a text may be the name or the ARN of a parameter or a secret, and not the secret that somebody put
    /// in its place.
    pub(crate) fn is_name(text: &str) -> bool {
        let is_allowed =
            |character: char| character.is_ascii_alphanumeric() || "/_+=.@:-".contains(character);
        let mut words = text.split(['/', '_', '.', ':', '-', '@']);
        text.chars().all(is_allowed)
            && pattern::find(text).is_empty()
            && words.all(ordinary::is_word_of_a_name)
    }

    /// Hides all secrets in a text.
    pub(crate) fn apply(&self, text: &str) -> String {
        self.hide(text, |_| true)
    }

    /// Hides secrets in a name: those with a known pattern, and values of variables that are named like secrets. Other
    /// values of the environment stay, because the name of a branch is often one of them and no secret.
    pub(crate) fn apply_to_name(&self, name: &str) -> String {
        self.hide(name, |value| !value.is_unnamed)
    }

    fn hide(&self, text: &str, is_hidden: impl Fn(&Value) -> bool) -> String {
        let mut secrets = pattern::find(text);
        let values = self.values.iter().filter(|value| is_hidden(value));
        secrets.extend(values.flat_map(|value| value.occurrences(text)));
        replace(text, secrets)
    }
}

impl Value {
    fn new(text: &str, is_unnamed: bool) -> Self {
        Self {
            text: text.to_owned(),
            is_unnamed,
            spellings: Spelling::all(text),
        }
    }

    fn occurrences(&self, text: &str) -> Vec<Range<usize>> {
        let is_word = |range: &Range<usize>| {
            let before = text[..range.start].chars().next_back();
            let after = text[range.end..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        };
        let found = self.spellings.iter().flat_map(|spelling| spelling.find(text));
        found
            .filter(|range| self.text.len() >= SHORTEST_VALUE || is_word(range))
            .collect()
    }
}

/// Replaces each range of the text with `***`.
fn replace(text: &str, mut secrets: Vec<Range<usize>>) -> String {
    secrets.sort_by_key(|range| range.start);
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for range in secrets.into_iter().filter(|range| !range.is_empty()) {
        // The patterns match bytes, which may be parts of a character.
        let range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
        // Adjacent and overlapping ranges become one.
        if range.start > end || masked.is_empty() {
            masked.push_str(&text[end..range.start]);
            masked.push_str(HIDDEN);
        }
        end = end.max(range.end);
    }
    masked.push_str(&text[end..]);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_does_not_hide_the_name_of_another_secret() {
        let mask = Mask::new([("AUTH_SCHEME", "Bearer"), ("SECRET_KEY_NAME", "DB_PASSWORD")]);
        assert_eq!(mask.apply("Authorization: Bearer s3cr3t"), "Authorization: ***");
        assert_eq!(mask.apply("DB_PASSWORD=hunter2"), "***=***");
    }

    #[test]
    fn masks_short_secrets_only_as_whole_words() {
        let mask = Mask::new([("USE_AUTH", "no"), ("PIN", "42")]);
        assert_eq!(
            mask.apply("no node_modules, 42 of 1420"),
            "*** node_modules, *** of 1420"
        );
    }

    #[test]
    fn masks_only_secrets_in_names() {
        let mask = Mask::new([("DEPLOY_TOKEN", "abc123"), ("BRANCH", "feature/login")]);
        assert_eq!(mask.apply_to_name("feature/login"), "feature/login");
        assert_eq!(mask.apply_to_name("https://host/abc123/x"), "https://host/***/x");
    }

    #[test]
    fn masks_values_of_the_environment_anywhere() {
        let mask = Mask::new([
            ("STAGE", "dev"),
            ("GREETING", "hello-world"),
            ("CUSTOM", "x7Kp2mQ9"),
            ("PIN", "42"),
            ("KEYS", "one-line\nsecond-line"),
        ]);
        assert_eq!(
            mask.apply("dev says hello-world! x7Kp2mQ9 42 one-line second-line"),
            "dev says hello-world! *** *** *** ***"
        );
        assert_eq!(format!("{mask:?}"), "Mask(4 values)");
    }
}
