#![no_main]

use api_loopback::fuzz;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, assert_holds_none, event, parts, spellings};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

// Any event, with secrets added under names that mark them. The echo is JSON of the same form, has none of the secrets,
// and masking it again changes nothing.
fuzz_target!(|data: &[u8]| {
    let [json, text] = parts(data);
    if let Ok(raw) = RawValue::from_string(json.clone()) {
        let _ = fuzz::options(&raw);
        check(raw);
    }
    let Some(mut event) = event(&json).filter(Value::is_object) else {
        return;
    };
    for (name, value) in secrets(&text) {
        event[name] = value;
        let echo = check(to_raw_value(&event).expect("it is JSON"));
        assert_holds_none(&echo, &spellings(CANARY));
    }
});

fn check(event: Box<RawValue>) -> String {
    let echo = fuzz::masked(event).expect("the event is JSON");
    serde_json::from_str::<&RawValue>(echo.get()).expect("the echo is JSON");
    let again = fuzz::masked(echo.clone()).expect("the echo is JSON");
    assert_eq!(echo.get(), again.get());
    echo.get().to_owned()
}

fn secrets(text: &str) -> [(&'static str, Value); 6] {
    let body = json!({"note": text, "password": CANARY}).to_string();
    [
        (
            "headers",
            json!({"x-note": text, "Authorization": format!("Bearer {CANARY}")}),
        ),
        (
            "queryStringParameters",
            json!({"note": text, "access_token": CANARY}),
        ),
        ("password", json!([text, CANARY, {"any": CANARY}])),
        ("body", json!(body)),
        ("body", json!(format!("client_secret={CANARY}"))),
        ("body", json!(BASE64_STANDARD.encode(body))),
    ]
}
