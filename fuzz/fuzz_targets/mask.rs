#![no_main]

use codebuild_slack::fuzz;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{assert_holds_none, parts, spellings};

// A secret, the texts around it, the name of its variable, and another variable. The log holds the secret in one
// of its spellings, the masked log in none; what it shows stands in the log, in the same order.
fuzz_target!(|data: &[u8]| {
    // An asterisk could be a part of `***`.
    let [secret, before, after, name, other] = parts(data).map(|part| part.replace('*', ""));
    let variables = [(name.as_str(), other.as_str()), ("DB_PASSWORD", secret.trim())];
    let text = format!("{before}{after}");
    assert_is_part(&fuzz::masked(&variables, &text), &text);
    let secret = secret.trim();
    // Shorter ones are hidden as whole words only.
    if secret.len() < 6 || secret.chars().any(char::is_control) {
        return;
    }
    let spellings = spellings(secret);
    let spelling = &spellings[data.len() % spellings.len()];
    let log = format!("{before}{spelling}{after}");
    let masked = fuzz::masked(&variables, &log);
    assert_is_part(&masked, &log);
    assert_holds_none(&masked, &[secret.to_owned(), spelling.clone()]);
    let tail = fuzz::log_tail(&variables, &log, 500);
    assert!(tail.encode_utf16().count() <= 500, "{tail:?}");
});

fn assert_is_part(masked: &str, text: &str) {
    let mut rest = text;
    for shown in masked.split("***") {
        let at = rest.find(shown);
        let at = at.unwrap_or_else(|| panic!("{shown:?} of {masked:?} is not in {text:?}"));
        rest = &rest[at + shown.len()..];
    }
}
