#![no_main]

use apigw_log_retention::fuzz;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, event, parts, with_canary};

// An event of CloudTrail, a schedule, or written by hand. No error quotes it.
fuzz_target!(|data: &[u8]| {
    let [json] = parts(data);
    let Some(event) = event(&json) else { return };
    let _ = fuzz::event(&event);
    if let Err(error) = fuzz::event(&with_canary(&event)) {
        assert!(!error.contains(CANARY), "{error}");
    }
});
