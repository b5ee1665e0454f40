//! What is hidden in an echo, wherever the shapes of events repeat it.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// What stands in a secret's place.
const MASK: &str = "***";

/// Names of what is secret at any place: headers (also in `multiValueHeaders`, `params.header`, and in what
/// somebody puts into a plain invoke), the cookies of payload format 2.0, an authorizer's context, an API key,
/// and what only signed requests have.
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

/// Names that are secret in a query alone: elsewhere they are anybody's words.
const SECRET_IN_QUERY: [&str; 5] = [
    "signature",
    "sig",
    "awsaccesskeyid",
    "googleaccessid",
    "access-token",
];

/// The maps of query parameters.
const QUERIES: [&str; 4] = [
    "querystring",
    "querystringparameters",
    "multivaluequerystringparameters",
    "query",
];

/// How many addresses within addresses are looked into; more than that are hidden unseen.
const LEVELS: u8 = 8;

/// Where in an event we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Strings may be addresses, whose query is looked at.
    Event,
    /// A map of query parameters. A load balancer leaves their names and values percent-encoded.
    Query,
    /// What the caller sent: its strings are left as they are.
    Body,
}

/// Replaces the values of secrets by `***`; their names, and the shape of what holds several, stay visible. What
/// is empty or null stays so: it says that there was none.
pub fn mask(event: &mut Value) {
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
            blank(value);
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

/// Header names know no case, and environments write `_` for `-`.
fn normalised(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// All values below this one.
fn blank(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::Array(values) => values.iter_mut().for_each(blank),
        Value::Object(map) => map.values_mut().for_each(blank),
        secret => *secret = MASK.into(),
    }
}

/// A value in a map of a query. Where nothing is encoded, the rest of an address stays visible.
fn mask_parameter(text: &mut String) {
    let decoded = decoded(text);
    if decoded == *text {
        mask_address(text);
    } else if is_signed(text, LEVELS) || is_signed(&decoded, LEVELS) {
        *text = MASK.to_owned();
    }
}

/// A `Referer`, for instance.
fn mask_address(text: &mut String) {
    if let Some((before, query)) = text.split_once('?') {
        let mut query = query.to_owned();
        mask_query(&mut query);
        *text = format!("{before}?{query}");
    }
}

/// Every other byte of the query stays as it is.
fn mask_query(query: &mut String) {
    let masked: Vec<String> = query.split('&').map(masked_pair).collect();
    *query = masked.join("&");
}

fn masked_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if holds_secret(pair, LEVELS) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

/// By its name, or as an address that somebody signed.
fn holds_secret(pair: &str, levels: u8) -> bool {
    pair.split_once('=').is_some_and(|(name, value)| {
        !value.is_empty() && (is_secret(name, Place::Query) || is_signed(&decoded(value), levels))
    })
}

/// Whether an address has a secret in its query, or in that of an address in it.
fn is_signed(address: &str, levels: u8) -> bool {
    let Some((_, query)) = address.split_once('?') else {
        return false;
    };
    match levels.checked_sub(1) {
        Some(levels) => query.split('&').any(|pair| holds_secret(pair, levels)),
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
    fn hides_headers_whatever_their_case_and_however_often() {
        check(
            json!({"headers": {"AUTHORIZATION": "Bearer a", "cookie": "b=c", "Accept": "*/*", "x-Api-Key": "k"},
                   "multiValueHeaders": {"Set-Cookie": ["a=b", "c=d"], "Accept": ["*/*"]}}),
            json!({"headers": {"AUTHORIZATION": "***", "cookie": "***", "Accept": "*/*", "x-Api-Key": "***"},
                   "multiValueHeaders": {"Set-Cookie": ["***", "***"], "Accept": ["*/*"]}}),
        );
    }

    #[test]
    fn hides_what_the_passthrough_template_repeats() {
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
    fn hides_an_authorizers_values_and_keeps_their_names() {
        check(
            json!({"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "a", "exp": 1}, "scopes": null}},
                                      "identity": {"apiKey": "b", "apiKeyId": "id", "accessKey": "AKIA", "caller": ""}}}),
            json!({"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "***", "exp": "***"}, "scopes": null}},
                                      "identity": {"apiKey": "***", "apiKeyId": "id", "accessKey": "***", "caller": ""}}}),
        );
    }

    #[test]
    fn hides_signed_queries_in_every_form() {
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
    fn hides_what_a_load_balancer_leaves_encoded() {
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

    /// They cost neither the stack nor, looked into again at every level, the time.
    #[test]
    fn hides_addresses_within_too_many_others() {
        let nested = "?a=".repeat(1_000_000);
        check(json!({"x": nested + "1"}), json!({"x": "?a=***"}));
        check(json!({"x": "?a=?b=?c=1"}), json!({"x": "?a=?b=?c=1"}));
    }

    #[test]
    fn leaves_bodies_and_other_words_alone() {
        let event = json!({"body": "{\"Authorization\":\"a\"} ?sig=b", "signature": "s", "why": "who? sigh=3&x=1",
                           "n": [1, null, "a?b=c"]});
        check(event.clone(), event);
        check(json!("x?sig=1"), json!("x?sig=***"));
    }
}
