#![no_main]

use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, event, parts, with_canary};
use s3_to_teamcity::fuzz;

const ROUTES: &str = r#"[
    {"key": "in/{branch}/{name}.zip", "build_type": "A", "branch": "{branch}", "continue": true},
    {"prefix": "in/", "suffix": [".csv", ".zip"], "folders": true, "build_type": "B", "properties": {"env.KEY": "{key}"}},
    {"build_type": "C", "events": ["ObjectCreated:*", "ObjectRemoved:*"], "coalesce": true}
]"#;

// An event of S3 in any wrapping. Its builds have the tags that find them again, and parameters without a reference that
// the uploader wrote. No error quotes the event.
fuzz_target!(|data: &[u8]| {
    let [json] = parts(data);
    let Some(event) = event(&json) else { return };
    if let Ok(plan) = fuzz::plan(&event, ROUTES) {
        for tags in &plan.tags {
            assert!(!tags.is_empty() && tags.iter().all(|tag| is_tag(tag)), "{tags:?}");
        }
        for (name, value) in plan.builds.iter().flatten() {
            assert!(!name.is_empty());
            assert_eq!(value.replace("%%", "").find('%'), None, "{name}={value}");
        }
    }
    match fuzz::plan(&with_canary(&event), ROUTES) {
        Ok(plan) => assert!(!plan.faults.concat().contains(CANARY), "{:?}", plan.faults),
        Err(error) => assert!(!error.contains(CANARY), "{error}"),
    }
});

/// Reports whether a text is a tag as TeamCity accepts it: without commas, spaces and slashes.
fn is_tag(tag: &str) -> bool {
    tag.len() > 8
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
