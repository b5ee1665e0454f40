#![no_main]

use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, parts};

/// Variables with a secret.
const SECRETS: [(&str, &str); 4] = [
    ("DATABASE_URL", "postgres://"),
    ("SLACK_BOT_TOKEN", ""),
    ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/"),
    ("TEAMCITY_TOKEN", ""),
];

/// Reads the variables, and returns the error.
type Read = fn(&[(&str, &str)]) -> Result<(), String>;

const FUNCTIONS: [Read; 6] = [
    api_loopback::fuzz::configuration,
    apigw_log_retention::fuzz::configuration,
    codebuild_slack::fuzz::configuration,
    s3_to_teamcity::fuzz::configuration,
    stat_analysis::fuzz::configuration,
    stat_prep::fuzz::configuration,
];

// A text before and after the secrets, and lines NAME=value. No error of any function has a secret.
fuzz_target!(|data: &[u8]| {
    let [before, after, lines] = parts(data);
    let secrets = SECRETS.map(|(name, start)| (name, format!("{start}{before}{CANARY}{after}")));
    for secret in &secrets {
        let mut variables: Vec<(&str, &str)> =
            lines.lines().filter_map(|line| line.split_once('=')).collect();
        variables.retain(|(name, _)| *name != secret.0);
        variables.push((secret.0, &secret.1));
        for read in FUNCTIONS {
            let error = read(&variables).err().unwrap_or_default();
            assert!(!error.contains(CANARY), "{error}");
        }
    }
});
