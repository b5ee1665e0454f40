#![no_main]

use codebuild_slack::fuzz;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::parts;

// SLACK_ROUTES, a project and a branch, and a mention. A mention that was parsed is parsed to the same markup again.
fuzz_target!(|data: &[u8]| {
    let [routes, project, branch, mention] = parts(data);
    let _ = fuzz::decision(&routes, &project, Some(&branch));
    let _ = fuzz::decision(&routes, &project, None);
    if let Ok(markup) = fuzz::mention(&mention) {
        assert_eq!(fuzz::mention(&markup), Ok(markup));
    }
});
