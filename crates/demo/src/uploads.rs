//! Files arrive, and TeamCity builds them: `s3-to-teamcity`.

use std::time::Instant;

use anyhow::Result;
use local_stack::{Emulator, Function, event, function_binary};
use serde_json::{Value, json};
use stand_ins::{
    TeamCity,
    teamcity::{Build, Settings},
};

use super::{
    record::{self, Entry},
    scene::Scene,
    screen::heading,
    show,
};

const FUNCTION: &str = "s3-to-teamcity";

/// By what way the events come, and what they are.
const EVENTS: [(&str, &str); 4] = [
    ("A file arrives: S3 invokes the function", "encoded-korean-key"),
    (
        "The same event once more, as S3 may deliver it",
        "encoded-korean-key",
    ),
    (
        "A batch from SQS, with several files and a test of S3",
        "sqs-batch",
    ),
    ("EventBridge, which does not encode keys", "eventbridge"),
];

/// Sends the events, and shows them with the builds that TeamCity got.
pub async fn play() -> Result<Scene> {
    let teamcity = teamcity().await?;
    let emulator = Emulator::start().await?;
    let mut function = Function::new(FUNCTION, function_binary(FUNCTION)?);
    function = function.variables(variables(&teamcity));
    emulator.deploy(function);

    let mut entries = Vec::new();
    for (title, case) in EVENTS {
        heading(title);
        let event = event(FUNCTION, case);
        let known = teamcity.builds().len();
        let began = Instant::now();
        let outcome = emulator.invoke(FUNCTION, &event).await?;
        let entry = Entry {
            event,
            result: record::result(Some(&outcome)),
            took: began.elapsed(),
            received: json!({"teamcity": teamcity.builds()[known..].iter().map(received).collect::<Vec<_>>()}),
        };
        show::entry(FUNCTION, &entry);
        entries.push(entry);
    }
    let check = ("uploads", one_build_per_file(&entries));
    emulator.shutdown().await;
    Ok(Scene {
        function: FUNCTION,
        entries,
        check,
    })
}

/// A server whose builds wait: nothing is to be built here.
pub async fn teamcity() -> Result<TeamCity> {
    TeamCity::start(Settings::default()).await
}

/// With which the function finds it.
pub fn variables(teamcity: &TeamCity) -> [(String, String); 3] {
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

fn one_build_per_file(entries: &[Entry]) -> Result<String, String> {
    let builds: Vec<usize> = entries
        .iter()
        .map(|entry| entry.received["teamcity"].as_array().map_or(0, Vec::len))
        .collect();
    if builds != [1, 0, 3, 1] {
        return Err(format!("TeamCity got {builds:?} builds for the four events"));
    }
    let results: Vec<&Value> = entries.iter().map(|entry| &entry.result).collect();
    if results[0]["queued"] != results[1]["known"] {
        return Err(format!(
            "the second event does not know the first one's build: {}",
            results[1]
        ));
    }
    if *results[2] != json!({"batchItemFailures": []}) {
        return Err(format!("a message of the batch failed: {}", results[2]));
    }
    Ok("one build for each of five files, none for the event that came again".to_owned())
}
