//! Masks secrets in an echo, in every place where the forms of events repeat them.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

const MASK: &str = "***";

/// Names of values that are secret in any place: headers (also in `multiValueHeaders`, `params.header` and the JSON of a
/// plain invocation), the cookies of payload format 2.0, an authorizer's context, an API key, and parameters that only
/// signed requests have.
const SECRET: [&str; 16] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "cookies",
    "set-cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "authorizer",
    "authorizer-principal-id",
    "accesskey",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-goog-signature",
    "x-goog-credential",
];

/// Names of values that are secret in a query only: elsewhere they are ordinary words.
const SECRET_IN_QUERY: [&str; 5] = [
    "signature",
    "sig",
    "awsaccesskeyid",
    "googleaccessid",
    "access-token",
];

/// Names of the maps of query parameters.
const QUERIES: [&str; 4] = [
    "querystring",
    "querystringparameters",
    "multivaluequerystringparameters",
    "query",
];

/// Depth to which addresses within addresses are searched; a deeper one is masked without a search.
const MAX_DEPTH: u8 = 8;

/// Parts of an event, which differ in the masking of texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Texts may be addresses. Their query is searched.
    Event,
    /// Map of query parameters. A load balancer leaves names and values percent-encoded.
    Query,
    /// JSON that the client sent: its texts stay as they are.
    Body,
}

/// Replaces the values of secrets by `***`. Names stay visible, and so does the form of lists and objects. An empty or
/// null value stays too: it shows that there was no secret.
pub(crate) fn mask(event: &mut Value) {
    walk(event, Place::Event);
}

fn walk(value: &mut Value, place: Place) {
    match value {
        Value::Object(map) => walk_map(map, place),
        Value::Array(values) => values.iter_mut().for_each(|value| walk(value, place)),
        Value::String(text) if place == Place::Event => mask_address(text),
        Value::String(text) if place == Place::Query => mask_parameter(text),
        _ => {}
    }
}

fn walk_map(map: &mut Map<String, Value>, place: Place) {
    for (name, value) in map {
        if is_secret(name, place) {
            mask_all(value);
            continue;
        }
        match (normalised(name).as_str(), value) {
            (_, value) if place == Place::Body => walk(value, place),
            ("body-json", value) => walk(value, Place::Body),
            ("body", Value::String(_)) => {}
            ("rawquerystring" | "querystring", Value::String(query)) => mask_query(query),
            (name, value) if QUERIES.contains(&name) => walk(value, Place::Query),
            (_, value) => walk(value, place),
        }
    }
}

fn is_secret(name: &str, place: Place) -> bool {
    let name = match place {
        Place::Query => normalised(&decoded(name)),
        Place::Event | Place::Body => normalised(name),
    };
    SECRET.contains(&name.as_str()) || (place == Place::Query && SECRET_IN_QUERY.contains(&name.as_str()))
}

/// Returns a name in lower case with `-` for `_`: header names ignore case, and clients spell both.
fn normalised(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Masks every value in `value`.
fn mask_all(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::Array(values) => values.iter_mut().for_each(mask_all),
        Value::Object(map) => map.values_mut().for_each(mask_all),
        secret => *secret = MASK.into(),
    }
}

/// Masks a value in a map of query parameters. If nothing is encoded, the rest of an address stays visible.
fn mask_parameter(text: &mut String) {
    let decoded = decoded(text);
    if decoded == *text {
        mask_address(text);
    } else if is_signed(text, MAX_DEPTH) || is_signed(&decoded, MAX_DEPTH) {
        *text = MASK.to_owned();
    }
}

/// Masks secrets in the query of an address such as `Referer`.
fn mask_address(text: &mut String) {
    if let Some((before, query)) = text.split_once('?') {
        let mut query = query.to_owned();
        mask_query(&mut query);
        *text = format!("{before}?{query}");
    }
}

/// Masks secrets in a query, and changes no other byte.
fn mask_query(query: &mut String) {
    let masked: Vec<String> = query.split('&').map(masked_pair).collect();
    *query = masked.join("&");
}

fn masked_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if holds_secret(pair, MAX_DEPTH) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

/// Returns true if a parameter is secret by its name, or if its value is a signed address.
fn holds_secret(pair: &str, depth: u8) -> bool {
    pair.split_once('=').is_some_and(|(name, value)| {
        !value.is_empty() && (is_secret(name, Place::Query) || is_signed(&decoded(value), depth))
    })
}

/// Returns true if an address has a secret in its query, or in the query of an address within it.
fn is_signed(address: &str, depth: u8) -> bool {
    let Some((_, query)) = address.split_once('?') else {
        return false;
    };
    match depth.checked_sub(1) {
        Some(depth) => query.split('&').any(|pair| holds_secret(pair, depth)),
        None => true,
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(event: Value, expected: Value) {
        let mut masked = event;
        mask(&mut masked);
        assert_eq!(masked, expected);
    }

    #[test]
    fn masks_headers_in_any_case_and_in_lists() {
        check(
            json!({"headers": {"AUTHORIZATION": "Bearer a", "cookie": "b=c", "Accept": "*/*", "x-Api-Key": "k"},
                   "multiValueHeaders": {"Set-Cookie": ["a=b", "c=d"], "Accept": ["*/*"]}}),
            json!({"headers": {"AUTHORIZATION": "***", "cookie": "***", "Accept": "*/*", "x-Api-Key": "***"},
                   "multiValueHeaders": {"Set-Cookie": ["***", "***"], "Accept": ["*/*"]}}),
        );
    }

    #[test]
    fn masks_the_secrets_of_the_passthrough_template() {
        check(
            json!({"body-json": {"sig": "mine", "note": "a?sig=b"},
                   "params": {"header": {"Authorization": "a"}, "querystring": {"api-key": "b", "Signature": "c"}},
                   "context": {"api-key": "d", "authorizer-principal-id": "e", "stage": "dev"},
                   "stage-variables": {"backend": "f"}}),
            json!({"body-json": {"sig": "mine", "note": "a?sig=b"},
                   "params": {"header": {"Authorization": "***"}, "querystring": {"api-key": "***", "Signature": "***"}},
                   "context": {"api-key": "***", "authorizer-principal-id": "***", "stage": "dev"},
                   "stage-variables": {"backend": "f"}}),
        );
    }

    #[test]
    fn masks_an_authorizers_values_and_keeps_their_names() {
        check(
            json!({"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "a", "exp": 1}, "scopes": null}},
                                      "identity": {"apiKey": "b", "apiKeyId": "id", "accessKey": "AKIA", "caller": ""}}}),
            json!({"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "***", "exp": "***"}, "scopes": null}},
                                      "identity": {"apiKey": "***", "apiKeyId": "id", "accessKey": "***", "caller": ""}}}),
        );
    }

    #[test]
    fn masks_signed_queries_in_every_form() {
        check(
            json!({"rawQueryString": "a=1&X-Amz-Signature=s&%58-amz-credential=c&flag&sig=&to=https%3A%2F%2Fa%3Fsig%3Ds",
                   "queryStringParameters": {"a": "1", "to": "https://a?sig=s", "X-Amz-Signature": "s", "X-Amz-Credential": "c"},
                   "multiValueQueryStringParameters": {"X-Amz-Security-Token": ["t"], "AWSAccessKeyId": ["k"]},
                   "headers": {"Referer": "https://example.com/a?X-Amz-Signature=s&b=%20"},
                   "cookies": ["a=b"]}),
            json!({"rawQueryString": "a=1&X-Amz-Signature=***&%58-amz-credential=***&flag&sig=&to=***",
                   "queryStringParameters": {"a": "1", "to": "https://a?sig=***", "X-Amz-Signature": "***", "X-Amz-Credential": "***"},
                   "multiValueQueryStringParameters": {"X-Amz-Security-Token": ["***"], "AWSAccessKeyId": ["***"]},
                   "headers": {"Referer": "https://example.com/a?X-Amz-Signature=***&b=%20"},
                   "cookies": ["***"]}),
        );
    }

    #[test]
    fn masks_percent_encoded_parameters_of_a_load_balancer() {
        check(
            json!({"queryStringParameters": {"to": "https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3Dabc", "X%2DAmz%2DSignature": "abc",
                                             "next": "https://b?x=1%26sig%3Ds", "deep": "%3Fto%3D%253Fsig%253Ds",
                                             "words": "who%3F%20me", "half": "100%"},
                   "multiValueQueryStringParameters": {"to": ["a%3Fsig%3Ds", "a%3Fpage%3D2"], "%73ig": ["s"]}}),
            json!({"queryStringParameters": {"to": "***", "X%2DAmz%2DSignature": "***",
                                             "next": "***", "deep": "***",
                                             "words": "who%3F%20me", "half": "100%"},
                   "multiValueQueryStringParameters": {"to": ["***", "a%3Fpage%3D2"], "%73ig": ["***"]}}),
        );
    }

    /// A recursion without a limit would overflow the stack, or search the same text at every level.
    #[test]
    fn masks_addresses_nested_too_deeply() {
        let nested = "?a=".repeat(1_000_000);
        check(json!({"x": nested + "1"}), json!({"x": "?a=***"}));
        check(json!({"x": "?a=?b=?c=1"}), json!({"x": "?a=?b=?c=1"}));
    }

    #[test]
    fn keeps_bodies_and_ordinary_words() {
        let event = json!({"body": "{\"Authorization\":\"a\"} ?sig=b", "signature": "s", "why": "who? sigh=3&x=1",
                           "n": [1, null, "a?b=c"]});
        check(event.clone(), event);
        check(json!("x?sig=1"), json!("x?sig=***"));
    }
}
