#![no_main]

use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::parts;
use s3_to_teamcity::fuzz;
use serde_json::json;

// BUILD_ROUTES, a pattern for keys, a template, and a key. A key is what its encoded form is decoded to; a key that a
// pattern has taken apart gives the same key again; no upload adds an open reference to a parameter.
fuzz_target!(|data: &[u8]| {
    let [routes, pattern, template, key] = parts(data);
    let event = json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "inbox"}, "object": {"key": key, "size": 7}},
    }]});
    let _ = fuzz::plan(&event, &routes);
    if let Some((decoded, encoded)) = fuzz::key(&key) {
        assert_eq!(fuzz::key(&encoded).map(|(again, _)| again), Some(decoded));
    }
    if let Ok(Some(captured)) = fuzz::captured(&pattern, &key) {
        let texts = captured
            .iter()
            .map(|(name, text)| (format!("{{{name}}}"), format!("{{{name}*}}"), text));
        let mut filled = pattern.clone();
        for (within, across, text) in texts {
            assert!(!text.is_empty());
            // A text with a brace could look like another placeholder.
            if !text.contains(['{', '}']) {
                filled = filled.replace(&within, text).replace(&across, text);
            }
        }
        if !key.contains(['{', '}']) {
            assert_eq!(filled, key, "by {pattern:?}");
        }
    }
    let open = |text: &str| text.replace("%%", "").matches('%').count();
    if let (Ok(Some(plain)), Ok(Some(hostile))) = (
        fuzz::rendered(&template, &pattern, "a"),
        fuzz::rendered(&template, &pattern, &format!("%{key}%")),
    ) {
        assert_eq!(open(&plain), open(&hostile), "{template:?} for {key:?}");
    }
});
