#![no_main]

use codebuild_slack::fuzz;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{assert_holds_none, parts, spellings};

// A secret, the texts around it, the name of its variable, and another variable. The log holds the secret in each
// spelling; the masked log does not, and masking it again changes nothing.
fuzz_target!(|data: &[u8]| {
    let [secret, before, after, name, other] = parts(data);
    let variables = [(name.as_str(), other.as_str()), ("DB_PASSWORD", secret.trim())];
    let text = format!("{before}{after}");
    assert_idempotent(&variables, &text);
    let secret = secret.trim();
    // Shorter ones are hidden as whole words only. An asterisk could be a part of `***`.
    if secret.len() < 6 || secret.contains(['*', '\u{1b}']) || secret.chars().any(char::is_control) {
        return;
    }
    for spelling in spellings(secret) {
        let log = format!("{before}{spelling}{after}");
        let masked = fuzz::masked(&variables, &log);
        assert!(
            !masked.contains(&spelling),
            "{spelling:?} is in {masked:?} of {log:?}"
        );
        assert_holds_none(&masked, &[secret.to_owned()]);
        assert_idempotent(&variables, &log);
        let tail = fuzz::log_tail(&variables, &log, 500);
        assert!(tail.encode_utf16().count() <= 500, "{tail:?}");
    }
});

fn assert_idempotent(variables: &[(&str, &str)], text: &str) {
    let once = fuzz::masked(variables, text);
    let twice = fuzz::masked(variables, &once);
    assert_eq!(once, twice, "of {text:?}");
}
