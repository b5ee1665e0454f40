#![no_main]

use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, parts};
use s3_to_teamcity::fuzz;

// A response of TeamCity or of a proxy: body, target of a redirect, and what it echoes beside the token. The error has one
// line of limited length, and no piece of the token.
fuzz_target!(|data: &[u8]| {
    let [body, location, before, after] = parts(data);
    let status = [200, 301, 400, 401, 403, 404, 406, 409, 429, 500, 502, 503][data.len() % 12];
    // The token begins with the canary, which no other part has.
    let token = format!("{CANARY}eyJ0");
    let with_token = format!("{before}{token}{after}");
    for body in [
        body.clone(),
        body.replacen("No build", &with_token, 1),
        with_token,
    ] {
        let location = (!location.is_empty()).then(|| format!("{location}{token}"));
        let Some(error) = fuzz::teamcity_error(status, &body, location.as_deref(), &token) else {
            continue;
        };
        assert!(!error.contains(['\n', '\r']), "{error:?}");
        assert!(
            error.chars().count() < 4000 + body.len().min(600),
            "{} characters",
            error.chars().count()
        );
        assert!(!error.contains(&token[..8]), "{error} of {body:?}");
    }
});
