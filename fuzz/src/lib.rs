//! Common parts of the fuzz targets: inputs from bytes, planted texts, and the forms in which a secret must not appear.

pub mod small;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use xxhash_rust::xxh64::xxh64;

/// Text that no seed contains. A target plants it where it must not come out again.
pub const CANARY: &str = "Qz7Canary4Kp9";

/// Splits an input at bytes 0xFF, which UTF-8 never contains. Missing parts are empty. libFuzzer learns the canary from
/// comparisons, so it is removed.
pub fn parts<const N: usize>(data: &[u8]) -> [String; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0xff);
    std::array::from_fn(|_| {
        String::from_utf8_lossy(parts.next().unwrap_or_default()).replace(&CANARY[..4], "")
    })
}

/// Parses an event. Invalid JSON is no event: Lambda's runtime does not deliver it.
pub fn event(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Returns the event with a canary in the place of one of its texts, names or numbers. The input determines which.
pub fn with_canary(event: &Value) -> Value {
    let mut planted = event.clone();
    let mut places = 0;
    visit(&mut planted, &mut |_| places += 1);
    let chosen = xxh64(event.to_string().as_bytes(), 0) % u64::max(places, 1);
    let mut place = 0;
    visit(&mut planted, &mut |value| {
        if place == chosen {
            plant(value);
        }
        place += 1;
    });
    planted
}

fn plant(value: &mut Value) {
    match value {
        Value::Object(fields) => drop(fields.insert(CANARY.to_owned(), Value::from(CANARY))),
        Value::Array(items) => items.push(Value::from(CANARY)),
        value => *value = Value::from(CANARY),
    }
}

/// Calls `on` for each value, the outer ones first. Stops at depth 100.
fn visit(value: &mut Value, on: &mut impl FnMut(&mut Value)) {
    on(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, on)),
        Value::Object(fields) => fields.values_mut().for_each(|field| visit(field, on)),
        _ => {}
    }
}

/// Returns a secret as programs print it: plain, as JSON in JSON, percent-encoded, as a form, and in Base64.
pub fn spellings(secret: &str) -> Vec<String> {
    let json = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut spellings = vec![secret.to_owned(), json(secret), json(&json(secret))];
    spellings.extend([encoded.replace("%20", "+"), with_small_digits(&encoded), encoded]);
    for before in ["", "x", "yz"] {
        spellings.push(BASE64_STANDARD.encode(format!("{before}{secret}")));
        spellings.push(BASE64_URL_SAFE_NO_PAD.encode(format!("{before}{secret}")));
    }
    spellings
}

/// Writes the digits after each percent sign in small letters.
fn with_small_digits(encoded: &str) -> String {
    let mut digits = 0;
    let small = encoded.chars().map(|letter| {
        let is_digit = digits > 0;
        digits = if letter == '%' { 2 } else { i32::max(digits - 1, 0) };
        if is_digit {
            letter.to_ascii_lowercase()
        } else {
            letter
        }
    });
    small.collect()
}

/// Asserts that a text holds none of the texts.
#[track_caller]
pub fn assert_holds_none(text: &str, forbidden: &[String]) {
    for forbidden in forbidden {
        assert!(!text.contains(forbidden.as_str()), "{forbidden:?} is in {text:?}");
    }
}
