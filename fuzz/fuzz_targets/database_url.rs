#![no_main]

use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, parts};
use postgres_session::fuzz;

// A database URL, and one with a password around a canary, which is often not percent-encoded as it should be. Neither
// error nor host show the canary.
fuzz_target!(|data: &[u8]| {
    let [url, user, before, after, rest] = parts(data);
    let _ = fuzz::database_url(&url);
    // `p@host/db?option=` is a whole URL before the @, whatever its author meant: no parser can tell.
    if format!("{user}{before}").contains('@') && format!("{user}{before}{after}").contains('?') {
        return;
    }
    let url = format!("postgres://{user}:{before}{CANARY}{after}@{rest}");
    for text in [
        fuzz::database_url(&url),
        fuzz::credentials(&url),
        fuzz::credentials(&credentials(&user, &before)),
    ] {
        let (Ok(text) | Err(text)) = text;
        assert!(!text.contains(CANARY), "{text}");
    }
    if let Ok(identifier) = fuzz::schema(&user) {
        assert_eq!(identifier, format!("\"{user}\""));
        assert!(!user.contains(['"', '\\', '\0', ' ']));
    }
});

fn credentials(user: &str, password: &str) -> String {
    serde_json::json!({"username": user, "password": [CANARY, password]}).to_string()
}
