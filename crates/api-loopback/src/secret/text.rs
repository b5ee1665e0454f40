//! Secrets in texts: bearer tokens, JSON Web Tokens, passwords in addresses, and parameters of queries.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::MASK;
use super::name::is_secret;

/// Depth to which addresses within addresses are searched; a deeper one is masked without a search.
const MAX_DEPTH: u8 = 8;
/// Characters that stay as they are in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Returns the text with its secrets masked, or `None` if there are none. The query of an address is searched too.
pub(super) fn masked_text(text: &str, is_address: bool) -> Option<String> {
    masked_to(text, is_address, MAX_DEPTH)
}

/// Masks the secret parameters of a query or a form, and changes no other byte.
pub(super) fn masked_query(query: &str) -> Option<String> {
    query_to(query, MAX_DEPTH)
}

/// Masks the value of a parameter. If nothing is encoded, the rest of an address stays visible.
pub(super) fn masked_parameter(text: &str) -> Option<String> {
    let decoded = decoded(text);
    if decoded == text {
        return masked_text(text, true);
    }
    let is_secret = masked_text(text, true).is_some() || masked_text(&decoded, true).is_some();
    is_secret.then(|| MASK.to_owned())
}

/// Masks a list of WebSocket protocols unless it is one ordinary name. Clients send a token as a second protocol or as
/// a part of one.
pub(super) fn masked_protocols(text: &str) -> Option<String> {
    const LONGEST_NAME: usize = 32;
    let is_ordinary = !text.contains(',')
        && text.len() <= LONGEST_NAME
        && !text.to_ascii_lowercase().contains("bearer")
        && !is_secret(text, false);
    (!is_ordinary).then(|| MASK.to_owned())
}

pub(super) fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

fn masked_to(text: &str, is_address: bool, depth: u8) -> Option<String> {
    if is_credential(text) {
        return Some(MASK.to_owned());
    }
    let mut masked = without_passwords(text);
    masked = without_json_web_tokens(&masked);
    masked = without_bearer_tokens(&masked);
    if is_address && let Some(at) = masked.find(['?', '#']) {
        if depth == 0 {
            return Some(MASK.to_owned());
        }
        let (before, query) = masked.split_at(at + 1);
        if let Some(query) = query_to(query, depth) {
            masked = format!("{before}{query}");
        }
    }
    (masked != text).then_some(masked)
}

fn query_to(query: &str, depth: u8) -> Option<String> {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret_pair(name, value, depth) => {
            format!("{name}={MASK}")
        }
        _ => pair.to_owned(),
    });
    let masked = pairs.collect::<Vec<_>>().join("&");
    (masked != query).then_some(masked)
}

/// Returns true if a parameter is secret by its name, or if its value holds a secret.
fn is_secret_pair(name: &str, value: &str, depth: u8) -> bool {
    // The name may be the end of a longer address: "a#access_token".
    let name = name.rsplit(['?', '#']).next().unwrap_or(name);
    is_secret(name, true) || masked_to(&decoded(value), true, depth.saturating_sub(1)).is_some()
}

/// Returns true if the whole text is a credential of HTTP authentication or a private key.
fn is_credential(text: &str) -> bool {
    let text = text.trim();
    let (scheme, rest) = text.split_once([' ', ',']).unwrap_or((text, ""));
    let rest = rest.trim_start_matches([' ', ',']);
    let is_one_word = !rest.is_empty() && !rest.contains(char::is_whitespace);
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => is_one_word,
        "basic" => is_one_word && super::body::decoded(rest).is_some_and(|login| login.contains(':')),
        "aws4-hmac-sha256" | "aws4-ecdsa-p256-sha256" => !rest.is_empty(),
        _ => text.contains("PRIVATE KEY-----"),
    }
}

/// Masks `password` in `scheme://user:password@host`, and a long user without a password, which may be a token.
fn without_passwords(text: &str) -> String {
    const SHORTEST_TOKEN: usize = 16;
    let mut masked = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        masked.push_str(before);
        masked.push_str("://");
        let is_end = |character: char| "/?#\"'<>".contains(character) || character.is_whitespace();
        let authority = &after[..after.find(is_end).unwrap_or(after.len())];
        rest = after;
        let Some((login, _)) = authority.rsplit_once('@') else {
            continue;
        };
        match login.split_once(':') {
            Some((_, "")) => continue,
            Some((user, _)) => masked.push_str(&format!("{user}:{MASK}")),
            None if login.len() >= SHORTEST_TOKEN => masked.push_str(MASK),
            None => continue,
        }
        rest = &after[login.len()..];
    }
    masked.push_str(rest);
    masked
}

/// Masks JSON Web Tokens: two or more parts in Base64 with dots between them. The first is the JSON `{"…`.
fn without_json_web_tokens(text: &str) -> String {
    const START: &str = "eyJ";
    /// Least length of the first part if a letter precedes it, such as the end of `%20`.
    const LEAST_WITHIN_WORD: usize = 10;
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, token) = rest.split_at(at);
        let is_part = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        let first = token.find(|character| !is_part(character)).unwrap_or(token.len());
        let is_token_end = |character: char| !is_part(character) && character != '.';
        let length = token.find(is_token_end).unwrap_or(token.len());
        let is_word_start = !before.ends_with(is_part) || first >= LEAST_WITHIN_WORD;
        let has_parts = token[first..length].trim_end_matches('.').len() > 1;
        masked.push_str(before);
        match is_word_start && has_parts {
            true => {
                masked.push_str(MASK);
                rest = &token[length..];
            }
            false => {
                masked.push_str(START);
                rest = &token[START.len()..];
            }
        }
    }
    masked.push_str(rest);
    masked
}

/// Masks the token after the word "bearer". In a sentence such as "the bearer of bad news" no word looks like a token.
fn without_bearer_tokens(text: &str) -> String {
    const WORD: &str = "bearer";
    const SHORTEST_TOKEN: usize = 8;
    let mut masked = String::new();
    let mut rest = text;
    // ASCII only, so positions are those of the text itself.
    while let Some(at) = rest.to_ascii_lowercase().find(WORD) {
        let (before, after) = rest.split_at(at + WORD.len());
        masked.push_str(before);
        let token = after
            .trim_start_matches("%20")
            .trim_start_matches([' ', '+', ',', ':']);
        let is_token_end =
            |character: char| !(character.is_ascii_alphanumeric() || "-._~+/=".contains(character));
        let length = token.find(is_token_end).unwrap_or(token.len());
        let has_no_word_form = token[..length].contains(|character: char| !character.is_ascii_lowercase());
        rest = after;
        if token.len() < after.len() && length >= SHORTEST_TOKEN && has_no_word_form {
            masked.push_str(&after[..after.len() - token.len()]);
            masked.push_str(MASK);
            rest = &token[length..];
        }
    }
    masked.push_str(rest);
    masked
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let masked = masked_text(text, true);
        assert_eq!(masked.as_deref().unwrap_or(text), expected);
    }

    #[test]
    fn masks_tokens_under_any_name() {
        check("Bearer abc", "***");
        check("bearer, abc", "***");
        check("Basic dXNlcjpwYXNz", "***");
        check("Basic English", "Basic English");
        check(JWT, "***");
        check(&format!("id: {JWT}, next"), "id: ***, next");
        check(&format!("%20{JWT}"), "%20***");
        check("sent with Bearer abc-12345.", "sent with Bearer ***");
        check("the bearer of unpleasant news", "the bearer of unpleasant news");
        check("eyJpZCI6MX0", "eyJpZCI6MX0");
        check("-----BEGIN PRIVATE KEY-----\nMII", "***");
    }

    #[test]
    fn masks_passwords_in_addresses() {
        check(
            "postgres://u:p%40ss@db:5432/x and redis://:p@r",
            "postgres://u:***@db:5432/x and redis://:***@r",
        );
        check("https://ghp_0123456789abcdef@host/a", "https://***@host/a");
        check("https://user@host/a:b@c", "https://user@host/a:b@c");
    }

    #[test]
    fn masks_parameters_of_queries_and_fragments() {
        check(
            "https://a/cb#access_token=t&state=s",
            "https://a/cb#access_token=***&state=s",
        );
        check("/cb?x=1#id_token=t", "/cb?x=***");
        check("/cb?x=1&to=https%3A%2F%2Fu%3Ap%40h", "/cb?x=1&to=***");
        check("/cb?code=c&postcode=1", "/cb?code=***&postcode=1");
    }

    #[test]
    fn masks_web_socket_protocols_that_carry_a_token() {
        assert_eq!(masked_protocols("graphql-transport-ws"), None);
        for text in [
            "bearer, JWT",
            "chat, a1b2",
            "base64url.bearer.k8s.io.abc",
            "auth.token.abc",
        ] {
            assert_eq!(masked_protocols(text).as_deref(), Some(MASK), "{text}");
        }
    }
}
