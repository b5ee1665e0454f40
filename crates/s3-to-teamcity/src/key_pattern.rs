//! The pattern of a route that reads the key, `in/{branch}/{name}.zip`.

use std::collections::BTreeMap;

use regex_lite::Regex;

/// Text that placeholders matched, by the placeholders' names.
pub(crate) type CapturedText = BTreeMap<String, String>;

/// A pattern for whole keys. `{name}` matches at least one character within one path segment, `{name*}` also across
/// segments. Of two placeholders in a row, the first takes as little as possible.
#[derive(Clone, Debug)]
pub(crate) struct KeyPattern {
    text: String,
    regex: Regex,
    /// Placeholders, each with whether it reaches into the file name.
    placeholders: Vec<(String, bool)>,
}

impl PartialEq for KeyPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for KeyPattern {}

impl KeyPattern {
    /// Parses a pattern. `text` must be in Unicode's NFC, as the keys are that it is compared with; `taken` are names that
    /// have a meaning already.
    ///
    /// # Errors
    ///
    /// A wildcard, an unbalanced brace, or a placeholder that is unnamed, doubled, taken, or next to another one.
    pub(crate) fn parse(text: &str, taken: &[&str]) -> Result<Self, String> {
        if text.contains(['*', '?']) && text.replace("*}", "").contains(['*', '?']) {
            return Err(
                "no wildcards here; write {name} for a part of one path segment, {rest*} across".to_owned(),
            );
        }
        let mut regex = "(?s)^".to_owned();
        let mut placeholders: Vec<(String, bool)> = Vec::new();
        let (mut rest, mut follows_placeholder) = (text, false);
        while !rest.is_empty() {
            let literal = &rest[..rest.find(['{', '}']).unwrap_or(rest.len())];
            if !literal.is_empty() {
                regex.push_str(&regex_lite::escape(literal));
                (rest, follows_placeholder) = (&rest[literal.len()..], false);
                continue;
            }
            let placeholder = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let (placeholder, after) = placeholder.ok_or("unbalanced brace, expected {name} or {rest*}")?;
            if follows_placeholder {
                return Err(format!(
                    "expected text before {{{placeholder}}}: two placeholders follow each other"
                ));
            }
            let (name, crosses) = match placeholder.strip_suffix('*') {
                Some(name) => (name, true),
                None => (placeholder, false),
            };
            check_name(name, taken, &placeholders)?;
            let reaches_file_name = !after.contains('/');
            placeholders.push((name.to_owned(), reaches_file_name));
            regex.push_str(if crosses { "(.+?)" } else { "([^/]+?)" });
            (rest, follows_placeholder) = (after, true);
        }
        regex.push('$');
        let regex = Regex::new(&regex).map_err(|error| error.to_string())?;
        let text = text.to_owned();
        Ok(Self {
            text,
            regex,
            placeholders,
        })
    }

    /// Returns the text of each placeholder if the pattern matches `key`, which must be in NFC.
    pub(crate) fn captured(&self, key: &str) -> Option<CapturedText> {
        let captures = self.regex.captures(key)?;
        let texts = captures
            .iter()
            .skip(1)
            .flatten()
            .map(|text| text.as_str().to_owned());
        let names = self.placeholders.iter().map(|(name, _)| name.clone());
        Some(names.zip(texts).collect())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.placeholders.iter().map(|(name, _)| name.as_str())
    }

    /// Reports whether the placeholder `name` reaches into the file name, so that it tells single uploads apart.
    pub(crate) fn reaches_file_name(&self, name: &str) -> bool {
        self.placeholders
            .iter()
            .any(|(known, reaches)| known == name && *reaches)
    }
}

fn check_name(name: &str, taken: &[&str], earlier: &[(String, bool)]) -> Result<(), String> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!(
            "expected a name of letters, digits and underscores in braces, found {{{name}}}"
        ));
    }
    if taken.contains(&name) {
        return Err(format!("{{{name}}} has a meaning already, choose another name"));
    }
    if earlier.iter().any(|(known, _)| known == name) {
        return Err(format!("{{{name}}} occurs twice"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, key: &str, expected: &[(&str, &str)]) {
        let pattern = KeyPattern::parse(pattern, &[]).expect("a good pattern");
        let captured = pattern.captured(key).expect("the pattern matches");
        let expected = expected
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        assert_eq!(captured, expected.collect());
    }

    #[test]
    fn placeholders_match_within_a_segment_or_across() {
        check(
            "in/{branch}/{name}.zip",
            "in/main/a.zip",
            &[("branch", "main"), ("name", "a")],
        );
        check(
            "in/{branch}/{name}.zip",
            "in/누수/a.b.zip",
            &[("branch", "누수"), ("name", "a.b")],
        );
        check("in/{rest*}", "in/2026/11/a.zip", &[("rest", "2026/11/a.zip")]);
        check("{a}-{b}.csv", "x-y-z.csv", &[("a", "x"), ("b", "y-z")]);
        check("in/a.csv", "in/a.csv", &[]);
        check("{name}", "line\nbreak", &[("name", "line\nbreak")]);
    }

    #[test]
    fn other_keys_do_not_match() {
        let pattern = KeyPattern::parse("in/{branch}/{name}.zip", &[]).expect("a good pattern");
        for other in [
            "in/a.zip",
            "in/a/b/c.zip",
            "in//a.zip",
            "in/a/b.zip.tmp",
            "x/in/a/b.zip",
            "in/a/b_zip",
        ] {
            assert_eq!(pattern.captured(other), None, "{other}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_match_as_meant_is_rejected() {
        let error = |pattern| KeyPattern::parse(pattern, &["key"]).expect_err("a bad pattern");
        assert!(error("in/*.zip").contains("no wildcards here; write {name}"));
        assert!(error("in/{key}").contains("{key} has a meaning already"));
        assert!(error("{a}/{a}").contains("occurs twice"));
        assert!(error("{a}{b}").contains("two placeholders follow each other"));
        for wrong in ["{", "}", "{}", "{a", "{a b}", "in/{*}", "{브랜치}"] {
            error(wrong);
        }
    }

    #[test]
    fn placeholders_of_the_last_segment_reach_the_file_name() {
        let pattern = KeyPattern::parse("in/{branch}/{name}.zip", &[]).expect("a good pattern");
        assert!(!pattern.reaches_file_name("branch") && pattern.reaches_file_name("name"));
    }
}
