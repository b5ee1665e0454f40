//! Credentials in the error messages of other systems: careless pages repeat the headers of the request.

/// Names before a credential, in lower case.
const NAMES: [&str; 7] = [
    "authorization",
    "bearer",
    "cookie",
    "password",
    "secret",
    "tcsessionid",
    "token",
];
/// Shortest value that counts as a credential; shorter ones are words such as `none`.
const MIN_CHARS: usize = 8;

/// Replaces credentials after their names by `***`. Words of a sentence stay: a credential has digits.
pub fn hidden(message: &str) -> String {
    let mut is_named = false;
    let words = message.split(' ').map(|word| {
        let value = value_after_name(word);
        let hides_word = is_named && is_credential(word);
        let scheme = word.to_lowercase();
        is_named = value == Some("") || scheme == "bearer" || (is_named && scheme == "basic");
        match value {
            _ if hides_word => "***".to_owned(),
            Some(value) if is_credential(value) => format!("{}***", &word[..word.len() - value.len()]),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns the text after the first name of a credential and its `=` or `:` within a word. The ARN of a secret is no
/// secret.
fn value_after_name(word: &str) -> Option<&str> {
    if word.trim_start_matches(['"', '(']).starts_with("arn:") {
        return None;
    }
    let mut separators = word.match_indices(['=', ':']);
    let (at, _) = separators.find(|(at, _)| is_name(&word[..*at]))?;
    Some(&word[at + 1..])
}

fn is_name(word: &str) -> bool {
    let word = word.trim_end_matches('"').to_lowercase();
    NAMES.iter().any(|name| word.ends_with(name))
}

fn is_credential(value: &str) -> bool {
    value.len() >= MIN_CHARS && value.contains(|character: char| character.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(hidden(line), expected);
    }

    #[test]
    fn hides_credentials_after_their_names() {
        check("Authorization: Bearer eyJhbGciOi12", "Authorization: Bearer ***");
        check(
            "authorization: Basic dXNlcjpwYXNz1w==",
            "authorization: Basic ***",
        );
        check("GET /?token=0123456789abcdef failed", "GET /?token=*** failed");
        check("Cookie: TCSESSIONID=8F4B2C7700; Path=/", "Cookie: *** Path=/");
        check("access_token:0123456789", "access_token:***");
        check(r#"{"token":"0123456789"}"#, r#"{"token":***"#);
        check("/?secret=a:0123456789&x=1", "/?secret=***");
        check(
            "Error { message: \"secret=0123456789\" }",
            "Error { message: \"secret=*** }",
        );
    }

    #[test]
    fn leaves_sentences_readable() {
        for line in [
            "The token is not valid, see https://teamcity.example.com/login.html",
            "Bearer authentication required",
            "The secret nightshift1/teamcity2 does not exist",
            "not authorized on resource: arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:teamcity-AbC123",
            "password: expected",
            "No build type nor template is found by id 'Nightly_Import2025'.",
            "",
        ] {
            check(line, line);
        }
    }
}
