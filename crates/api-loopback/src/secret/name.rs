//! Names of secrets.

use percent_encoding::percent_decode_str;

/// Words that make a name secret, wherever they stand in it.
const WORDS: [&str; 11] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "authorization",
    "signature",
    "session",
    "assertion",
    "privatekey",
];

/// Whole names that are secret: cookies, an authorizer's context, keys, and identity tokens without one of the words.
const NAMES: [&str; 15] = [
    "accesskey",
    "apikey",
    "auth",
    "authorizer",
    "authorizerprincipalid",
    "cookie",
    "cookies",
    "identitysource",
    "jwt",
    "pwd",
    "setcookie",
    "xamznoidcdata",
    "xapikey",
    "xauth",
    "xjwt",
];

/// Whole names that are secret in a query or a form. Elsewhere they are ordinary words.
const PARAMETERS: [&str; 4] = ["awsaccesskeyid", "code", "googleaccessid", "sig"];

/// Returns true if a value with this name is secret. Names of parameters may be percent-encoded.
pub(super) fn is_secret(name: &str, is_parameter: bool) -> bool {
    let name = match is_parameter {
        true => normalised(&percent_decode_str(name).decode_utf8_lossy()),
        false => normalised(name),
    };
    WORDS.iter().any(|word| name.contains(word))
        || NAMES.contains(&name.as_str())
        || (is_parameter && PARAMETERS.contains(&name.as_str()))
}

/// Returns a name in lower case without separators: header names ignore case, and clients spell one name as `apiKey`,
/// `api_key` and `api-key`.
pub(super) fn normalised(name: &str) -> String {
    let letters = name
        .chars()
        .filter(|character| !matches!(character, '-' | '_' | '.' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_secrets_by_words_in_their_names() {
        for name in [
            "x-auth-token",
            "clientSecret",
            "PRIVATE_KEY",
            "X-Amz-Credential",
            "Proxy-Authorization",
            "x-hub-signature-256",
            "JSESSIONID",
            "client_assertion",
            "x-amzn-oidc-data",
            "api key",
        ] {
            assert!(is_secret(name, false), "{name}");
        }
        for name in [
            "accept",
            "code",
            "sig",
            "state",
            "key",
            "keys",
            "x-amzn-trace-id",
            "apiKeyId",
            "author",
        ] {
            assert!(!is_secret(name, false), "{name}");
        }
    }

    #[test]
    fn some_names_are_secret_in_a_query_only() {
        assert!(is_secret("code", true) && is_secret("s%69g", true));
        assert!(!is_secret("postcode", true) && !is_secret("codec", true));
    }
}
