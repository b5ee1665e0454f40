//! Masks secrets in the text of an event, and changes nothing else.
//!
//! A secret is recognised by its name, in headers, queries, cookies, forms and JSON bodies, and some by their form, under
//! any name: bearer tokens, JSON Web Tokens, passwords in addresses. The event's text is copied piece by piece, so key
//! order, duplicate keys, white space and the digits of numbers stay.

mod body;
mod name;
mod text;

use std::borrow::Cow;

use name::is_secret;
use serde_json::value::RawValue;

use crate::event::Fields;

const MASK: &str = "***";
/// Depth to which JSON in a text of JSON is searched.
const MAX_EMBEDDED: u8 = 4;

/// Replaces the values of secrets by `***`. Names stay visible, and so does the form of lists and objects. An empty or
/// null value stays too: it shows that there was no secret.
pub(crate) fn mask(event: Box<RawValue>) -> serde_json::Result<Box<RawValue>> {
    let masked = Masker {
        path_secrets: &path_secrets(&Fields::parse(&event)),
        embedded: MAX_EMBEDDED,
        ..Masker::new(event.get(), Place::Event)
    }
    .run();
    match masked == event.get() {
        true => Ok(event),
        false => RawValue::from_string(masked),
    }
}

/// Parts of an event, which differ in the masking of texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Texts may be addresses. Their query is searched.
    Event,
    /// JSON that the client sent. In its texts only whole addresses are searched.
    Body,
    /// Field of a query: a text is the whole query, an object has a key for each parameter.
    QueryField,
    /// Parameter of a query. A load balancer leaves names and values percent-encoded.
    Parameter,
    /// Field of a body: a text may be JSON, a form, or Base64 of either.
    BodyField,
    /// Path of a request, which repeats the path parameters.
    Path,
    /// WebSocket protocols. Browsers can set no other header, so clients send tokens in it.
    Protocols,
}

/// Place of a value, and whether a name above it is that of a secret.
#[derive(Clone, Copy)]
struct Context {
    place: Place,
    is_secret: bool,
}

/// An object or array that the masker is in. A deep event has millions: they must be small.
struct Frame {
    is_object: bool,
    context: Context,
}

/// Copies valid JSON from `text` to `masked`.
struct Masker<'a> {
    text: &'a str,
    at: usize,
    masked: String,
    frames: Vec<Frame>,
    /// Context of the next value.
    next: Context,
    /// True if the next text is a name in an object.
    expects_name: bool,
    /// Name of the next value, and of the secret whose values are masked now.
    name: String,
    secret_name: String,
    path_secrets: &'a [String],
    embedded: u8,
}

impl<'a> Masker<'a> {
    fn new(text: &'a str, place: Place) -> Self {
        Self {
            text,
            at: 0,
            masked: String::with_capacity(text.len()),
            frames: Vec::new(),
            next: Context {
                place,
                is_secret: false,
            },
            expects_name: false,
            name: String::new(),
            secret_name: String::new(),
            path_secrets: &[],
            embedded: 0,
        }
    }

    fn run(mut self) -> String {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'{' | b'[' => self.enter(*byte == b'{'),
                b'}' | b']' => self.leave(),
                b'"' if self.expects_name => self.copy_name(),
                b'"' => self.copy_text(),
                b',' => self.next_value(),
                b' ' | b'\n' | b'\r' | b'\t' | b':' => self.copy(1),
                _ => self.copy_scalar(),
            }
        }
        self.masked
    }

    fn copy(&mut self, bytes: usize) {
        self.masked.push_str(&self.text[self.at..self.at + bytes]);
        self.at += bytes;
    }

    fn enter(&mut self, is_object: bool) {
        let mut context = self.next;
        if is_object {
            context.place = match context.place {
                Place::QueryField => Place::Parameter,
                Place::BodyField => Place::Body,
                Place::Path | Place::Protocols => Place::Event,
                place => place,
            };
        }
        self.frames.push(Frame { is_object, context });
        self.next = context;
        self.expects_name = is_object;
        self.copy(1);
    }

    fn leave(&mut self) {
        self.frames.pop();
        self.expects_name = false;
        self.copy(1);
    }

    fn next_value(&mut self) {
        if let Some(frame) = self.frames.last() {
            self.next = frame.context;
            self.expects_name = frame.is_object;
            self.name.clear();
        }
        self.copy(1);
    }

    fn copy_name(&mut self) {
        let length = text_length(&self.text[self.at..]);
        self.name = unescaped(&self.text[self.at..self.at + length]).into_owned();
        self.expects_name = false;
        self.copy(length);
        if !self.next.is_secret {
            self.next = self.context_of_name();
        }
    }

    fn context_of_name(&mut self) -> Context {
        let place = self.next.place;
        if is_secret(&self.name, place == Place::Parameter) {
            self.secret_name = name::normalised(&self.name);
            return Context {
                place,
                is_secret: true,
            };
        }
        let place = match (place, name::normalised(&self.name).as_str()) {
            (Place::Body, "data") => Place::BodyField,
            (Place::Body | Place::Parameter, _) => place,
            (_, "querystring" | "rawquerystring" | "query") => Place::QueryField,
            (_, "querystringparameters" | "multivaluequerystringparameters") => Place::QueryField,
            (_, "body" | "bodyjson" | "rawbody" | "data") => Place::BodyField,
            (_, "path" | "rawpath" | "uri" | "rawuri") => Place::Path,
            (_, "secwebsocketprotocol") => Place::Protocols,
            _ => Place::Event,
        };
        Context {
            place,
            is_secret: false,
        }
    }

    fn copy_text(&mut self) {
        let length = text_length(&self.text[self.at..]);
        let text = unescaped(&self.text[self.at..self.at + length]);
        match self.masked_text(&text) {
            None => self.copy(length),
            Some(masked) => {
                // A text always serialises.
                self.masked
                    .push_str(&serde_json::to_string(&masked).unwrap_or_default());
                self.at += length;
            }
        }
    }

    fn copy_scalar(&mut self) {
        let rest = &self.text[self.at..];
        let is_end = |byte: u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        let length = rest.bytes().position(is_end).unwrap_or(rest.len());
        if self.next.is_secret && &rest[..length] != "null" {
            self.masked.push_str("\"***\"");
            self.at += length;
        } else {
            self.copy(length);
        }
    }

    /// Returns the text with its secrets masked, or `None` if there are none.
    fn masked_text(&self, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        if self.next.is_secret {
            // CloudFront repeats a header's name: {"authorization": [{"key": "Authorization", "value": …}]}.
            let repeats_name = self.name == "key" && name::normalised(text) == self.secret_name;
            return (!repeats_name).then(|| MASK.to_owned());
        }
        match self.next.place {
            Place::QueryField => text::masked_query(text),
            Place::Parameter => text::masked_parameter(text),
            Place::BodyField => body::masked(text, self.embedded),
            Place::Protocols => text::masked_protocols(text),
            Place::Path => self.masked_path(text),
            Place::Event | Place::Body => {
                let is_address = self.next.place == Place::Event || text.contains("://");
                masked_json(text, self.next.place, self.embedded)
                    .unwrap_or_else(|| text::masked_text(text, is_address))
            }
        }
    }

    fn masked_path(&self, path: &str) -> Option<String> {
        let mut masked = text::masked_text(path, true).unwrap_or_else(|| path.to_owned());
        for secret in self.path_secrets {
            masked = masked.replace(secret.as_str(), MASK);
        }
        (masked != path).then_some(masked)
    }
}

/// Masks JSON in a text. The outer `None` means that the text is no JSON object or array.
fn masked_json(text: &str, place: Place, embedded: u8) -> Option<Option<String>> {
    let embedded = embedded.checked_sub(1)?;
    let is_json =
        text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(text).is_ok();
    is_json.then(|| {
        let masked = Masker {
            embedded,
            ..Masker::new(text, place)
        }
        .run();
        (masked != text).then_some(masked)
    })
}

/// Returns the path parameters that are secret by their name, as they stand in paths.
fn path_secrets(event: &Fields) -> Vec<String> {
    let parameters = event
        .object("params")
        .and_then(|parameters| parameters.object("path"));
    let all = [event.object("pathParameters"), parameters];
    let all = all.iter().flatten().flat_map(Fields::texts);
    let secrets = all.filter(|(name, value)| is_secret(name, false) && value.len() > 3);
    secrets
        .flat_map(|(_, value)| [text::percent_encoded(&value), value])
        .collect()
}

/// Returns the length of the JSON text at the start of `json`, with its quotes.
fn text_length(json: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

/// Returns the content of a JSON text. Half of a surrogate pair, which no Rust text can hold, becomes `\u{fffd}`.
fn unescaped(json: &str) -> Cow<'_, str> {
    let inner = &json[1..json.len().saturating_sub(1).max(1)];
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let whole: Result<String, _> = serde_json::from_str(json);
    whole.map_or_else(
        |_| {
            let parts = inner.split("\\u").enumerate().map(|(at, part)| match at {
                0 => part.to_owned(),
                _ => format!("\u{fffd}{}", part.get(4..).unwrap_or_default()),
            });
            Cow::Owned(parts.collect())
        },
        Cow::Owned,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn masked(event: &str) -> String {
        let event = RawValue::from_string(event.to_owned()).expect("is JSON");
        mask(event).expect("stays JSON").get().to_owned()
    }

    #[track_caller]
    fn check(event: Value, expected: Value) {
        let masked: Value = serde_json::from_str(&masked(&event.to_string())).expect("is JSON");
        assert_eq!(masked, expected);
    }

    #[test]
    fn changes_nothing_but_secrets() {
        let event = "{ \"b\" : 1.0e+2,\"a\":9007199254740993123.10, \"a\":\"\\ud800 \\u0041\\/\",\n\t\"c\":[ ], \"\":{}}";
        assert_eq!(masked(event), event);
        let with_secret = event.replace("{}", r#"{"tok\u0065n":12,"password":null,"secret":"","x":1}"#);
        let expected = event.replace("{}", r#"{"tok\u0065n":"***","password":null,"secret":"","x":1}"#);
        assert_eq!(masked(&with_secret), expected);
    }

    #[test]
    fn survives_an_event_of_any_depth() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(masked(&deep), deep);
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
            json!({"body-json": {"sig": "mine", "note": "a?sig=b", "clientSecret": "s"},
                   "params": {"header": {"Authorization": "a"}, "querystring": {"api-key": "b", "Signature": "c", "code": "d"}},
                   "context": {"api-key": "d", "authorizer-principal-id": "e", "stage": "dev"},
                   "stage-variables": {"backend": "f"}}),
            json!({"body-json": {"sig": "mine", "note": "a?sig=b", "clientSecret": "***"},
                   "params": {"header": {"Authorization": "***"}, "querystring": {"api-key": "***", "Signature": "***", "code": "***"}},
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
    fn keeps_ordinary_words() {
        let event = json!({"body": "who? sigh=3&x=1", "why": "who? sigh=3&x=1", "code": "KR", "state": "s",
                           "rawQueryString": "page=2&postcode=1&state=s", "n": [1, null, "a?b=c"],
                           "headers": {"sec-websocket-protocol": "graphql-ws"}});
        check(event.clone(), event);
        check(json!("x?sig=1"), json!("x?sig=***"));
    }

    #[test]
    fn keeps_the_name_that_cloudfront_repeats_beside_a_value() {
        check(
            json!({"headers": {"authorization": [{"key": "Authorization", "value": "Bearer EDGE"}],
                               "host": [{"key": "Host", "value": "a.example.com"}]},
                   "querystring": "sig=1&a=2"}),
            json!({"headers": {"authorization": [{"key": "Authorization", "value": "***"}],
                               "host": [{"key": "Host", "value": "a.example.com"}]},
                   "querystring": "sig=***&a=2"}),
        );
    }

    #[test]
    fn masks_json_and_forms_in_bodies() {
        check(
            json!({"body": "{\"b\":1.50,\"refresh_token\":\"t\"}", "isBase64Encoded": false}),
            json!({"body": "{\"b\":1.50,\"refresh_token\":\"***\"}", "isBase64Encoded": false}),
        );
        check(
            json!({"body": "grant_type=password&username=u&password=it%27s&code=c"}),
            json!({"body": "grant_type=password&username=u&password=***&code=***"}),
        );
        // API Gateway's HTTP APIs encode forms: "a=1&password=p".
        check(
            json!({"body": "YT0xJnBhc3N3b3JkPXA=", "isBase64Encoded": true}),
            json!({"body": "YT0xJnBhc3N3b3JkPSoqKg==", "isBase64Encoded": true}),
        );
    }

    #[test]
    fn masks_json_within_json() {
        let inner = json!({"headers": {"authorization": "a"}, "n": 1}).to_string();
        let expected = json!({"headers": {"authorization": "***"}, "n": 1}).to_string();
        check(
            json!({"Records": [{"body": inner, "Sns": {"Message": inner}}]}),
            json!({"Records": [{"body": expected, "Sns": {"Message": expected}}]}),
        );
    }

    #[test]
    fn masks_a_secret_path_parameter_in_the_path_too() {
        check(
            json!({"path": "/reset/abc%2B1", "pathParameters": {"token": "abc+1"}, "requestContext": {"path": "/dev/reset/abc+1"}}),
            json!({"path": "/reset/***", "pathParameters": {"token": "***"}, "requestContext": {"path": "/dev/reset/***"}}),
        );
    }
}
