//! The measured functions, their budgets and the reference.

use std::collections::BTreeMap;
use std::path::Path;

use local_stack::event;
use serde_json::{Value, json};

use crate::cold_start::Program;

/// A function, an event to which it responds without another system, and its budgets. Where every event needs a database,
/// the event is one that the function refuses, and the row notes it.
pub(crate) struct Subject {
    pub name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    event: fn() -> Value,
    pub most_memory_mib: f64,
    pub most_zip_mb: f64,
}

/// Least time of the reference divided by the function's, for all functions.
pub(crate) const LEAST_RATIO: f64 = 25.0;
/// Longest time to the first request for an event, for all functions.
pub(crate) const MOST_READY_MS: f64 = 6.0;

/// Budgets of all functions but `stat-analysis`, which embeds a dictionary.
pub(crate) const SMALL: Subject = Subject {
    name: "",
    variables: &[],
    event: || json!({"no": "such event"}),
    most_memory_mib: 8.0,
    most_zip_mb: 3.5,
};
const DATABASE: (&str, &str) = ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
pub(crate) const STAT_ANALYSIS: Subject = Subject {
    name: "stat-analysis",
    variables: &[
        DATABASE,
        ("S3_BUCKET", "none"),
        ("SNS_TOPIC_ARN", "arn:aws:sns:ap-northeast-2:123456789012:none"),
    ],
    most_memory_mib: 48.0,
    most_zip_mb: 15.0,
    ..SMALL
};
pub(crate) const SUBJECTS: [Subject; 6] = [
    Subject {
        name: "s3-to-teamcity",
        variables: &[
            ("TEAMCITY_URL", "http://127.0.0.1:1"),
            ("TEAMCITY_TOKEN", "none"),
            ("TEAMCITY_BUILD_TYPE", "None"),
        ],
        event: || event("s3-to-teamcity", "test-event"),
        ..SMALL
    },
    Subject {
        name: "stat-prep",
        variables: &[DATABASE],
        ..SMALL
    },
    STAT_ANALYSIS,
    Subject {
        name: "apigw-log-retention",
        event: || event("apigw-log-retention", "failed-call"),
        ..SMALL
    },
    Subject {
        name: "codebuild-slack",
        variables: &[("SLACK_WEBHOOK_URL", "http://127.0.0.1:1/none")],
        // Without MESSAGES_TABLE the function posts only a build's end, and skips this event.
        event: || event("codebuild-slack", "in-progress"),
        ..SMALL
    },
    Subject {
        name: "api-loopback",
        event: || event("api-loopback", "rest-proxy"),
        ..SMALL
    },
];

impl Subject {
    pub(crate) fn program(&self, path: &Path) -> Program {
        Program {
            command: vec![path.display().to_string()],
            variables: variables(self.name, self.variables),
            event: (self.event)(),
        }
    }
}

/// The Python function with which every function is compared.
pub(crate) fn reference(python: &Path, source: &Path) -> Program {
    Program {
        command: vec![python.display().to_string(), source.display().to_string()],
        variables: variables("reference", &[]),
        event: json!({}),
    }
}

/// Variables that Lambda sets, and the function's own.
fn variables(function: &str, own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let lambda = [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_REGION", "ap-northeast-2"),
        ("AWS_DEFAULT_REGION", "ap-northeast-2"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        // No AWS service may be reached.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ];
    let all = lambda.iter().chain(own);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
