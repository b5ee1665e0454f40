//! Globs over names in rules.

use glob::Pattern;
use lambda_core::rules;
use serde_json::Value;

/// Characters with a meaning in a glob.
const SPECIAL: [char; 3] = ['*', '?', '['];

/// Parses a glob with `*`, `?` and `[…]`.
pub(crate) fn parse(value: &Value) -> Result<Pattern, String> {
    let text = rules::text(value)?;
    // The glob crate reads braces as letters, so such a pattern would match nothing.
    if text.contains(['{', '}']) {
        return Err(format!(
            "the glob {text:?} has braces: write one rule for each alternative"
        ));
    }
    Pattern::new(text).map_err(|error| format!("{text:?} is not a glob: {error}"))
}

/// Parses a glob over names of log groups, in which other characters can never match.
pub(crate) fn parse_for_log_groups(value: &Value) -> Result<Pattern, String> {
    let glob = parse(value)?;
    let is_possible = |character: char| {
        character.is_ascii_alphanumeric() || ".-_/#!]".contains(character) || SPECIAL.contains(&character)
    };
    match glob.as_str().chars().find(|character| !is_possible(*character)) {
        Some(character) => Err(format!(
            "can never match: names of log groups have letters, digits and . - _ / # but not {character:?}"
        )),
        None => Ok(glob),
    }
}

/// Returns true if `first` matches every name that `second` matches, as far as that is simple to tell.
pub(crate) fn covers(first: &Pattern, second: &Pattern) -> bool {
    let (wide, narrow) = (first.as_str(), second.as_str());
    let narrow_start = narrow.split(SPECIAL).next().unwrap_or_default();
    let is_prefix = |prefix: &str| !prefix.contains(SPECIAL) && narrow_start.starts_with(prefix);
    wide == narrow
        || (narrow_start == narrow && first.matches(narrow))
        || wide.strip_suffix('*').is_some_and(is_prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_covers_narrower_ones() {
        let covers = |wide: &str, narrow: &str| {
            let glob = |text| Pattern::new(text).expect("a glob");
            super::covers(&glob(wide), &glob(narrow))
        };
        for (wide, narrow) in [("*", "a?"), ("a", "a"), ("a?", "ab"), ("/aws/*", "/aws/lambda/*")] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("a*", "*"), ("a", "ab"), ("/aws/lambda/*", "/aws/*"), ("*a", "*")] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }
}
