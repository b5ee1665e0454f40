//! Objects that are in the bucket already, as a job of S3 Batch Operations lists them.

use std::time::Duration;

use local_stack::{Fault, Match};
use serde_json::{Value, json};

use crate::setup::{BUILD_TYPE, Setup, event, record, records};

/// Sends the event and returns code and text of its only task.
async fn result(setup: &Setup, event: &Value) -> (String, String) {
    let response = setup.invoke(event).await;
    for field in ["invocationSchemaVersion", "invocationId"] {
        assert_eq!(response[field], event[field]);
    }
    assert_eq!(response["treatMissingKeysAs"], "PermanentFailure");
    let [result] = response["results"].as_array().unwrap().as_slice() else {
        panic!("not one result: {response}")
    };
    assert_eq!(result["taskId"], event["tasks"][0]["taskId"]);
    let text = |field: &str| result[field].as_str().unwrap().to_owned();
    (text("resultCode"), text("resultString"))
}

fn succeeded(text: &str) -> (String, String) {
    ("Succeeded".to_owned(), text.to_owned())
}

/// Returns an upload of the fixture's object.
fn upload_of(task: &Value, sequencer: &str) -> Value {
    let mut upload = record(task["s3Key"].as_str().unwrap(), sequencer);
    if let Some(version) = task["s3VersionId"].as_str() {
        upload["s3"]["object"]["versionId"] = json!(version);
    }
    records([upload])
}

#[tokio::test]
async fn a_task_of_either_schema_queues_a_build_once() {
    let setup = Setup::new().await;
    for (case, key, id) in [
        ("batch-operations-1.0", "in/backfill 1.csv", 1001),
        ("batch-operations-2.0", "누수/backfill.csv", 1002),
    ] {
        let event = event(case);
        assert_eq!(result(&setup, &event).await, succeeded(&format!("build {id}")));
        assert_eq!(
            result(&setup, &event).await,
            succeeded(&format!("known: build {id}"))
        );
        assert_eq!(
            setup.teamcity.builds().last().unwrap().properties["eventKey"],
            key
        );
    }
}

#[tokio::test]
async fn an_object_with_a_build_of_its_own_is_known() {
    for case in ["batch-operations-1.0", "batch-operations-2.0"] {
        let setup = Setup::new().await;
        let event = event(case);
        setup.invoke(&upload_of(&event["tasks"][0], "0A")).await;
        assert_eq!(
            result(&setup, &event).await,
            succeeded("known: build 1001"),
            "{case}"
        );
    }
}

#[tokio::test]
async fn another_version_of_an_object_is_not_known() {
    let setup = Setup::new().await;
    let event = event("batch-operations-2.0");
    let mut other = upload_of(&event["tasks"][0], "0A");
    other["Records"][0]["s3"]["object"]["versionId"] = json!("another");
    setup.invoke(&other).await;
    assert_eq!(result(&setup, &event).await, succeeded("build 1002"));
}

#[tokio::test]
async fn builds_of_earlier_uploads_are_not_taken_for_duplicates() {
    let setup = Setup::new().await;
    let event = event("batch-operations-1.0");
    for sequencer in ["0A", "0B"] {
        setup.invoke(&upload_of(&event["tasks"][0], sequencer)).await;
    }
    result(&setup, &event).await;
    assert_eq!(setup.teamcity.uncancelled_builds().len(), 2);
}

#[tokio::test]
async fn a_job_can_build_again_what_is_known() {
    // TeamCity merges queued builds that have equal properties.
    let setup = Setup::with(|settings| settings.merges = true).await;
    result(&setup, &event("batch-operations-2.0")).await;
    let mut again = event("batch-operations-again");
    assert_eq!(result(&setup, &again).await, succeeded("build 1002"));
    assert_eq!(
        result(&setup, &again).await,
        succeeded("known: build 1002"),
        "S3 repeated the task"
    );
    again["job"]["id"] = json!("another job");
    assert_eq!(result(&setup, &again).await, succeeded("build 1003"));
}

#[tokio::test]
async fn a_lost_response_queues_no_second_build() {
    let setup = Setup::new().await;
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", "/"), Fault::LoseResponse, 1);
    assert_eq!(
        result(&setup, &event("batch-operations-2.0")).await,
        succeeded("build 1001")
    );
    assert_eq!(setup.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn routes_for_single_kinds_of_uploads_match_tasks_too() {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([
        {"prefix": "in/", "events": ["ObjectCreated:Put"], "build_type": BUILD_TYPE},
        {"events": ["ObjectRemoved:*"], "build_type": "Other_Build"},
    ]));
    assert_eq!(
        result(&setup, &event("batch-operations-1.0")).await,
        succeeded("build 1001")
    );
    assert_eq!(
        result(&setup, &event("batch-operations-2.0")).await,
        succeeded("skipped: no_route")
    );
    let mut marker = event("batch-operations-1.0");
    marker["tasks"][0]["s3Key"] = json!("in/2026/");
    assert_eq!(result(&setup, &marker).await, succeeded("skipped: folder"));
}

#[tokio::test]
async fn a_failed_task_is_temporary_only_if_s3_should_repeat_it() {
    let setup = Setup::new().await;
    setup.deploy_with_timeout(Duration::from_secs(2));
    let post = || Match::path("POST", "/");
    let event = event("batch-operations-1.0");
    setup.teamcity.faults.inject(post(), Fault::respond(400, "no"), 1);
    let (code, text) = result(&setup, &event).await;
    assert_eq!(code, "PermanentFailure");
    assert!(
        text.starts_with("s3://nightshift-inbox/in/backfill 1.csv: gave up after attempt 1"),
        "{text}"
    );
    setup
        .teamcity
        .faults
        .inject(post(), Fault::respond(503, "later"), usize::MAX);
    let (code, text) = result(&setup, &event).await;
    assert_eq!(code, "TemporaryFailure", "{text}");

    let mut faulty = event.clone();
    faulty["job"]["userArguments"] = json!({"again": "yes"});
    let fault = "job.userArguments.again: expected true or false".to_owned();
    assert_eq!(
        result(&setup, &faulty).await,
        ("PermanentFailure".to_owned(), fault)
    );
}
