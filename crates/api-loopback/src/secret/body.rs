//! Secrets in a request's body: JSON, a form, or Base64 of either.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::name::is_secret;
use super::text::{masked_query, masked_text};
use super::{MASK, Place, masked_json};

/// Returns the body with its secrets masked, or `None` if there are none.
pub(super) fn masked(body: &str, embedded: u8) -> Option<String> {
    if let Some(masked) = masked_json(body, json_place(body), embedded) {
        return masked;
    }
    if is_multipart(body) {
        return masked_multipart(body);
    }
    if is_form(body) {
        return masked_query(body);
    }
    if let Some(text) = decoded(body) {
        return masked(&text, embedded.checked_sub(1)?).map(|masked| STANDARD.encode(masked));
    }
    masked_text(body, body.contains("://"))
}

/// Decodes Base64 of a text.
pub(super) fn decoded(base64: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(base64).ok()?).ok()
}

/// A body may be an event of its own, as in a message of SQS.
fn json_place(body: &str) -> Place {
    match body.contains("\"headers\"") || body.contains("\"requestContext\"") {
        true => Place::Event,
        false => Place::Body,
    }
}

/// Returns true for `name=value&…`, with names as forms have them.
fn is_form(body: &str) -> bool {
    let is_name = |name: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+%[]:$*!".contains(&byte);
        !name.is_empty() && name.bytes().all(is_part)
    };
    let has_names = |pair: &str| pair.is_empty() || is_name(pair.split_once('=').unwrap_or((pair, "")).0);
    // The padding of Base64 is no value.
    body.trim_end_matches('=').contains('=') && !body.contains('\n') && body.split('&').all(has_names)
}

fn is_multipart(body: &str) -> bool {
    body.starts_with("--")
        && body
            .to_ascii_lowercase()
            .contains("content-disposition: form-data")
}

/// Masks the parts of a form with files. The first line is the boundary.
fn masked_multipart(body: &str) -> Option<String> {
    let boundary = body.lines().next()?;
    let parts = body.split(boundary).map(|part| {
        let Some((head, content)) = ["\r\n\r\n", "\n\n"]
            .iter()
            .find_map(|end| part.find(end).map(|at| part.split_at(at + end.len())))
        else {
            return part.to_owned();
        };
        let name = head
            .split("name=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let text = content.trim_end_matches(['\r', '\n']);
        let end = &content[text.len()..];
        match name.is_some_and(|name| is_secret(name, true)) && !text.is_empty() {
            true => format!("{head}{MASK}{end}"),
            false => format!(
                "{head}{}{end}",
                masked_text(text, false).unwrap_or_else(|| text.to_owned())
            ),
        }
    });
    let masked = parts.collect::<Vec<_>>().join(boundary);
    (masked != body).then_some(masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(masked(body, 2).as_deref().unwrap_or(body), expected);
    }

    #[test]
    fn masks_the_parts_of_a_form_with_files() {
        let form = |password: &str| {
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{password}\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n"
            )
        };
        check(&form("hunter2"), &form("***"));
    }

    #[test]
    fn keeps_bodies_without_secrets() {
        for body in [
            "",
            "plain text",
            "a=1&b=2",
            "YT0x",
            "AAEC",
            "{\"a\":1} and more",
            "x = token",
        ] {
            check(body, body);
        }
    }

    #[test]
    fn masks_texts_of_any_type() {
        check("see https://u:p@h?sig=1", "see https://u:***@h?sig=***");
        check("<a>eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.</a>", "<a>***</a>");
    }
}
