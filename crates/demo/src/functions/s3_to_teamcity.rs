//! `s3-to-teamcity`: uploads become builds.

use anyhow::{Result, bail, ensure};
use local_stack::event;
use serde_json::{Value, json};
use stand_ins::TeamCity;
use stand_ins::teamcity::{Build, Permission, Settings};

use super::{FunctionDemo, deploy};
use crate::invocation_record::InvocationRecord;
use crate::month::checks::CheckResult;
use crate::output::heading;

pub(crate) const FUNCTION: &str = "s3-to-teamcity";

/// Title of each invocation, and the event's file in `events/`.
const EVENTS: [(&str, &str); 4] = [
    (
        "An object was uploaded: S3 invokes the function",
        "encoded-korean-key",
    ),
    (
        "The same event again: S3 delivers at least once",
        "encoded-korean-key",
    ),
    (
        "A batch from SQS: three uploads and the test event of a new S3 notification",
        "sqs-batch",
    ),
    (
        "An upload through EventBridge, which does not encode the object key",
        "eventbridge",
    ),
];

pub(crate) async fn run() -> Result<FunctionDemo> {
    let teamcity = start_teamcity().await?;
    let emulator = deploy(FUNCTION, variables(&teamcity)).await?;
    let mut records = Vec::new();
    for (title, case) in EVENTS {
        heading(title);
        let known = teamcity.builds().len();
        let mut record = InvocationRecord::invoke(&emulator, FUNCTION, event(FUNCTION, case)).await?;
        let builds = &teamcity.builds()[known..];
        record.received = json!({"teamcity": builds.iter().map(received).collect::<Vec<_>>()});
        record.effects = effects(builds);
        record.print();
        records.push(record);
    }
    emulator.shutdown().await;
    Ok(FunctionDemo {
        function: FUNCTION,
        check: one_build_per_upload(&records),
        records,
    })
}

/// Starts a stand-in for TeamCity whose builds stay in the queue, and whose token has the permissions that the function's
/// README requires and no others.
pub(crate) async fn start_teamcity() -> Result<TeamCity> {
    let permissions = Permission::required_by(include_str!("../../../s3-to-teamcity/README.md"));
    TeamCity::start(Settings {
        permissions,
        ..Settings::default()
    })
    .await
}

/// Variables with which the function reaches the stand-in.
pub(crate) fn variables(teamcity: &TeamCity) -> [(String, String); 3] {
    let settings = Settings::default();
    [
        ("TEAMCITY_URL", teamcity.url()),
        ("TEAMCITY_TOKEN", settings.token),
        ("TEAMCITY_BUILD_TYPE", settings.build_types.concat()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

fn received(build: &Build) -> Value {
    json!({
        "id": build.id,
        "buildType": build.build_type,
        "properties": build.properties,
        "tags": build.tags,
        "comment": build.comment,
    })
}

fn effects(builds: &[Build]) -> Vec<String> {
    if builds.is_empty() {
        return vec!["TeamCity: no new build".to_owned()];
    }
    let effect = |build: &Build| {
        let key = build.resolved("eventKey").unwrap_or_default();
        format!(
            "TeamCity: queued build {} of {} for {key}",
            build.id, build.build_type
        )
    };
    builds.iter().map(effect).collect()
}

fn one_build_per_upload(records: &[InvocationRecord]) -> CheckResult {
    let [first, again, batch, _] = records else {
        bail!("{} events were sent instead of four", records.len());
    };
    let builds = |record: &InvocationRecord| record.received["teamcity"].as_array().map_or(0, Vec::len);
    let builds: Vec<usize> = records.iter().map(builds).collect();
    ensure!(
        builds == [1, 0, 3, 1],
        "the events queued {builds:?} builds instead of [1, 0, 3, 1]"
    );
    ensure!(
        first.result["queued"] == again.result["known"],
        "the second response does not report the first event's build as known: {}",
        again.result
    );
    ensure!(
        batch.result == json!({"batchItemFailures": []}),
        "a message of the batch failed: {}",
        batch.result
    );
    Ok("one build for each of five uploads, none for the repeated event".to_owned())
}
