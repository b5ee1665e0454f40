//! A known secret in the forms in which programs print it: plain, escaped, URL-encoded, in Base64.

use std::ops::Range;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Least number of bytes of a value whose Base64 is searched for. A shorter one is found in unrelated text.
const SHORTEST_IN_BASE64: usize = 6;

/// A text, and the forms of its characters that count as the same.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Spelling {
    characters: Vec<char>,
    /// True if the neighbours hold further bits of the secret: Base64 whose beginning or end is not known.
    is_base64: bool,
}

impl Spelling {
    /// Returns the value itself, and its Base64 at the three positions that it may have in a longer text.
    pub(super) fn all(value: &str) -> Vec<Self> {
        let mut spellings = vec![Self {
            characters: value.chars().collect(),
            is_base64: false,
        }];
        if value.len() >= SHORTEST_IN_BASE64 {
            for offset in 0..3 {
                let plain = base64_at(offset, value);
                let url_safe = plain.replace('+', "-").replace('/', "_");
                if url_safe != plain {
                    spellings.push(Self::base64(&url_safe));
                }
                spellings.push(Self::base64(&plain));
            }
        }
        spellings
    }

    fn base64(text: &str) -> Self {
        Self {
            characters: text.chars().collect(),
            is_base64: true,
        }
    }

    /// Finds all occurrences in a text.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = self.next_start(text, at) {
            match self.end_at(text, start) {
                Some(end) => {
                    found.push(self.with_neighbours(text, start..end));
                    at = end;
                }
                None => at = start + text[start..].chars().next().map_or(1, char::len_utf8),
            }
        }
        found
    }

    /// Returns the next position at which the first character may begin, in any form.
    fn next_start(&self, text: &str, from: usize) -> Option<usize> {
        let first = *self.characters.first()?;
        let rest = text.get(from..)?;
        let is_start = |character: char| {
            character == first || (!first.is_ascii_alphanumeric() && "%\\&+".contains(character))
        };
        rest.find(is_start).map(|offset| from + offset)
    }

    fn end_at(&self, text: &str, start: usize) -> Option<usize> {
        // A form may be the beginning of another one, so that several rests are possible.
        let (mut rests, mut next) = (vec![&text[start..]], Vec::new());
        for &character in &self.characters {
            for rest in rests.drain(..) {
                strip(rest, character, &mut next);
            }
            next.dedup();
            std::mem::swap(&mut rests, &mut next);
            if rests.is_empty() {
                return None;
            }
        }
        rests.iter().map(|rest| text.len() - rest.len()).max()
    }

    /// Adds the partial characters of Base64 before and after the known ones, and the padding.
    fn with_neighbours(&self, text: &str, range: Range<usize>) -> Range<usize> {
        if !self.is_base64 {
            return range;
        }
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        let bytes = text.as_bytes();
        let start = match range.start.checked_sub(1) {
            Some(before) if is_digit(&bytes[before]) => before,
            _ => range.start,
        };
        let mut end = range.end;
        if bytes.get(end).is_some_and(is_digit) {
            end += 1;
        }
        while bytes.get(end) == Some(&b'=') {
            end += 1;
        }
        start..end
    }
}

/// Returns the characters of Base64 that depend on the value alone, if it follows `offset` other bytes.
fn base64_at(offset: usize, value: &str) -> String {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(value.as_bytes());
    let encoded = BASE64_STANDARD.encode(&bytes);
    let first = (offset * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    encoded[first..last].to_owned()
}

/// Removes a character from the beginning of a text, and adds the rest for each of its forms. Encoders leave letters and
/// digits of ASCII as they are.
fn strip<'t>(text: &'t str, character: char, rests: &mut Vec<&'t str>) {
    rests.extend(text.strip_prefix(character));
    if character.is_ascii_alphanumeric() {
        return;
    }
    rests.extend(strip_percent(text, character));
    rests.extend(strip_entity(text, character));
    if character == '\\' {
        // One for each level of JSON.
        let escaped = [2, 4, 8].map(|count| "\\".repeat(count));
        rests.extend(
            escaped
                .iter()
                .filter_map(|escaped| text.strip_prefix(escaped.as_str())),
        );
    } else {
        rests.extend(strip_escape(text, character));
    }
}

/// `%40`, `%2540`, and `+` for a space.
fn strip_percent(text: &str, character: char) -> Option<&str> {
    if character == ' ' && text.starts_with('+') {
        return Some(&text[1..]);
    }
    let mut buffer = [0; 4];
    let mut rest = text;
    for byte in character.encode_utf8(&mut buffer).bytes() {
        rest = rest.strip_prefix('%')?;
        while let Some(nested) = rest.strip_prefix("25").filter(|_| byte != b'%') {
            rest = nested;
        }
        let (digits, after) = (rest.get(..2)?, rest.get(2..)?);
        if u8::from_str_radix(digits, 16) != Ok(byte) {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

/// A backslash and the character, its letter or its number, as in JSON, in JSON within JSON, and in a shell.
fn strip_escape(text: &str, character: char) -> Option<&str> {
    let rest = text.trim_start_matches('\\');
    if rest.len() == text.len() {
        return None;
    }
    let letter = match character {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        other => other,
    };
    if let Some(rest) = rest.strip_prefix(letter) {
        return Some(rest);
    }
    let mut buffer = [0; 2];
    let mut rest = rest;
    for (index, unit) in character.encode_utf16(&mut buffer).iter().enumerate() {
        if index > 0 {
            rest = rest.trim_start_matches('\\');
        }
        rest = rest.strip_prefix('u')?;
        let (digits, after) = (rest.get(..4)?, rest.get(4..)?);
        if u16::from_str_radix(digits, 16) != Ok(*unit) {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

/// An entity of HTML and XML.
fn strip_entity(text: &str, character: char) -> Option<&str> {
    let names: &[&str] = match character {
        '"' => &["&quot;", "&#34;", "&#x22;"],
        '\'' => &["&apos;", "&#39;", "&#x27;"],
        '&' => &["&amp;", "&#38;"],
        '<' => &["&lt;", "&#60;"],
        '>' => &["&gt;", "&#62;"],
        _ => return None,
    };
    names.iter().find_map(|name| text.strip_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Mask;

    const SECRET: &str = "p@ss/w+rd\"9\\x 비Q";

    #[track_caller]
    fn check(text: &str) {
        let mask = Mask::new([("DB_PASSWORD", SECRET)]);
        assert_eq!(mask.apply(&format!("a {text} z")), "a *** z", "{text}");
    }

    #[test]
    fn finds_json_of_every_encoder_and_json_in_json() {
        let json = serde_json::to_string(SECRET).expect("text");
        let json = json.trim_matches('"');
        check(json);
        check(&json.replace('/', "\\/"));
        check(&json.replace('비', "\\ube44"));
        let nested = serde_json::to_string(&json).expect("text");
        check(nested.trim_matches('"'));
    }

    #[test]
    fn finds_percent_encoding_of_every_encoder() {
        check("p%40ss%2Fw%2Brd%229%5Cx%20%EB%B9%84Q");
        check("p%40ss%2fw%2brd%229%5cx%20%eb%b9%84Q");
        check("p@ss/w%2Brd%229%5Cx+%EB%B9%84Q");
        check("p%2540ss%252Fw%252Brd%25229%255Cx%2520%25EB%25B9%2584Q");
    }

    #[test]
    fn finds_entities_and_escapes_of_a_shell() {
        check("p@ss/w+rd&quot;9\\x 비Q");
        check("p@ss/w+rd\\\"9\\\\x\\ 비Q");
    }

    #[test]
    fn finds_base64_at_every_position_in_both_alphabets() {
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", ":", ":a", ":ab", "\n"] {
                let encoded = BASE64_STANDARD.encode(format!("{before}{SECRET}{after}"));
                for encoded in [encoded.replace('+', "-").replace('/', "_"), encoded] {
                    let mask = Mask::new([("DB_PASSWORD", SECRET)]);
                    let masked = mask.apply(&format!("a {encoded} z"));
                    assert!(masked.contains("***"), "{before} {after}: {masked}");
                    // At most the bytes around the secret remain.
                    let left: usize = masked.split("***").map(str::len).sum();
                    assert!(left <= 4 + before.len() * 2 + after.len() * 2 + 4, "{masked}");
                }
            }
        }
    }

    #[test]
    fn an_unrelated_text_stays() {
        let mask = Mask::new([("DB_PASSWORD", SECRET), ("API_TOKEN", "aaaaaaaa")]);
        let text = "p%40ss is not it, aaaa \\u0041 %41 + & done";
        assert_eq!(mask.apply(text), text);
    }
}
