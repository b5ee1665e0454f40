#![no_main]

use codebuild_slack::fuzz;
use lambda_core::locale::Locale;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, event, parts, with_canary};
use serde_json::Value;

#[path = "../../crates/stand-ins/src/slack/blocks.rs"]
mod blocks;

/// Slack cuts a longer text in `chat.update`.
const TEXT: usize = 4000;

// A delivery of CodeBuild's events, the log of the build, and a failed test of it. Every message is within Slack's limits,
// and no error quotes the event.
fuzz_target!(|data: &[u8]| {
    let [json, log, name, text] = parts(data);
    let Some(event) = event(&json) else { return };
    for locale in [Locale::Korean, Locale::English] {
        for message in fuzz::messages(&event, &log, (&name, &text), locale) {
            let Ok(message) = message else { continue };
            check(&message);
        }
    }
    for error in fuzz::messages(&with_canary(&event), "", ("", ""), Locale::English)
        .into_iter()
        .filter_map(Result::err)
    {
        assert!(!error.contains(CANARY), "{error}");
    }
});

fn check(message: &Value) {
    let length = |text: &Value| text.as_str().map_or(0, |text| text.encode_utf16().count());
    let text = length(&message["text"]);
    assert!((1..=TEXT).contains(&text), "{text} characters in {message}");
    if let Err((code, fault)) = blocks::check(&message["blocks"]) {
        panic!("{code}: {fault} in {message}");
    }
    assert!(length(&message["plain"]) <= 5000, "{message}");
}
