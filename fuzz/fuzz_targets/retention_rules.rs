#![no_main]

use apigw_log_retention::fuzz;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::parts;

// RETENTION_RULES, LOG_GROUP_RULES, the format of an access log, the pattern of a log group, and a stage. A format is used
// as it was written. API and stage are read from the log group's name that they have formed.
fuzz_target!(|data: &[u8]| {
    let [rules, group_rules, format, pattern, stage] = parts(data);
    let _ = fuzz::policy(&rules, &group_rules, &stage, &pattern);
    for accepted in fuzz::access_log_formats(&format).into_iter().flatten() {
        assert_eq!(accepted, format);
        assert!(accepted.len() <= 3072 && !accepted.contains('\n'));
    }
    let stage: String = stage
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
        .collect();
    if let Ok((name, owner)) = fuzz::log_group(&pattern, "a1b2c3d4e5", &stage) {
        let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || ".-_/#".contains(letter);
        assert!(name.chars().all(is_allowed), "{name:?}");
        assert!(
            stage.len() > 128 || name.len() <= 512,
            "{} characters",
            name.len()
        );
        if let Some(owner) = owner {
            assert_eq!(owner, ("a1b2c3d4e5".to_owned(), stage), "{name:?} by {pattern:?}");
        }
    }
    let (group, delivery) = fuzz::arn(&pattern);
    assert!(group.is_none_or(|group| pattern.contains(group)));
    assert!(delivery.len() <= 60, "{delivery}");
});
