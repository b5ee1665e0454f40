//! A build against those before it, over CodeBuild's API.

use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};

use crate::stage::{Stage, event};

/// CodeBuild's memory of the project, as `number status version`, newest first.
async fn with_history(stage: &Stage, builds: &[&str]) -> FaultProxy {
    let proxy = FaultProxy::start(stage.moto().endpoint()).await.unwrap();
    let function = stage.with_table().variable("COMPARE_WITH_PREVIOUS", "true");
    stage
        .emulator
        .deploy(function.variable("AWS_ENDPOINT_URL", proxy.endpoint()));
    let words: Vec<Vec<&str>> = builds.iter().map(|build| build.split(' ').collect()).collect();
    let ids: Vec<String> = words.iter().map(|words| format!("web:{}", words[0])).collect();
    let told: Vec<Value> = words
        .iter()
        .map(|words| {
            json!({"id": format!("web:{}", words[0]), "buildNumber": words[0].parse::<i64>().unwrap(),
                "buildStatus": words[1], "sourceVersion": words[2], "startTime": 1_793_494_000.0,
                "environment": {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL",
                    "environmentVariables": [{"name": "A", "value": "hunter2"}]}})
        })
        .collect();
    let answer = |body: Value| Fault::Status(200, body.to_string());
    proxy.inject(
        Match::containing("CodeBuild_20161006.ListBuildsForProject"),
        answer(json!({"ids": ids})),
        10,
    );
    proxy.inject(
        Match::containing("CodeBuild_20161006.BatchGetBuilds"),
        answer(json!({"builds": told})),
        10,
    );
    proxy
}

#[tokio::test]
async fn still_failing_is_told_with_its_number() {
    let stage = Stage::table().await;
    let proxy = with_history(
        &stage,
        &[
            "127 FAILED main",
            "126 SUCCEEDED dev",
            "125 TIMED_OUT main",
            "124 SUCCEEDED main",
        ],
    )
    .await;
    stage.answer(&event("failed")).await;
    let text = stage.message().text;
    assert!(
        text.starts_with("❌ web failed · still failing (3rd time)"),
        "{text}"
    );
    let asked: Vec<_> = proxy
        .seen()
        .into_iter()
        .filter_map(|request| request.action)
        .collect();
    assert!(
        asked
            .iter()
            .any(|action| action.ends_with("ListBuildsForProject")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn fixed_is_told() {
    let stage = Stage::table().await;
    let _proxy = with_history(
        &stage,
        &[
            "128 FAILED main",
            "127 FAILED refs/heads/main",
            "126 SUCCEEDED main",
        ],
    )
    .await;
    stage.answer(&event("succeeded")).await;
    let text = stage.message().text;
    assert!(
        text.starts_with("🎉 web succeeded · fixed after 2 failures"),
        "{text}"
    );
}

#[tokio::test]
async fn nothing_is_told_where_codebuild_does_not_answer() {
    for fault in [
        Fault::Status(400, r#"{"__type":"AccessDeniedException"}"#.to_owned()),
        Fault::Hold,
    ] {
        let stage = Stage::table().await;
        let proxy = FaultProxy::start(stage.moto().endpoint()).await.unwrap();
        let function = stage.with_table().variable("COMPARE_WITH_PREVIOUS", "true");
        stage
            .emulator
            .deploy(function.variable("AWS_ENDPOINT_URL", proxy.endpoint()));
        proxy.inject(Match::containing("CodeBuild_20161006"), fault, usize::MAX);
        stage.answer(&event("failed")).await;
        assert!(
            stage.message().text.starts_with("❌ web failed after"),
            "{:?}",
            stage.message()
        );
        assert!(
            stage
                .logs()
                .contains("without a comparison with the builds before"),
            "{}",
            stage.logs()
        );
        proxy.clear();
    }
}

#[tokio::test]
async fn motos_codebuild_is_understood_as_it_is() {
    let stage = Stage::table().await;
    stage
        .emulator
        .deploy(stage.with_table().variable("COMPARE_WITH_PREVIOUS", "true"));
    let call = async |operation: &str, body: Value| {
        stage
            .moto()
            .json("codebuild", &format!("CodeBuild_20161006.{operation}"), &body)
            .await
            .unwrap()
    };
    call("CreateProject", json!({"name": "web", "source": {"type": "S3", "location": "bucket/x.zip"},
        "artifacts": {"type": "NO_ARTIFACTS"}, "serviceRole": "arn:aws:iam::123456789012:role/service-role/build",
        "environment": {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"}})).await;
    call(
        "StartBuild",
        json!({"projectName": "web", "sourceVersion": "main"}),
    )
    .await;
    stage.answer(&event("failed")).await;
    assert!(!stage.logs().contains("without a comparison"), "{}", stage.logs());
}
