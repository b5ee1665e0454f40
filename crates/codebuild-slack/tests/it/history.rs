//! A build against those before it, over CodeBuild's API.

use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};

use crate::stage::{Stage, event};

/// CodeBuild's memory of the project, as `number status version`, newest first; and what was pushed, where the project
/// exports it.
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
            let exported = words.get(3).map(|pushed| json!({"name": "CODEBUILD_WEBHOOK_HEAD_REF", "value": pushed}));
            json!({"id": format!("web:{}", words[0]), "exportedEnvironmentVariables": Vec::from_iter(exported), "buildNumber": words[0].parse::<i64>().unwrap_or(128),
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
async fn a_push_is_compared_with_pushes_to_the_same_branch_where_the_project_exports_it() {
    let push = event("push-webhook");
    let build_id = push["detail"]["build-id"].as_str().unwrap();
    let own = build_id.rsplit(':').next().unwrap();
    let sha = |digit: &str| digit.repeat(40);
    let own = format!("{own} FAILED {} refs/heads/main", sha("1"));
    let of_branch = |branch: &str| {
        [
            format!("127 FAILED {} {branch}", sha("2")),
            format!("126 SUCCEEDED {} {branch}", sha("3")),
        ]
    };
    for (branch, expected) in [
        ("refs/heads/main", "❌ web failed · still failing (2nd time)"),
        ("refs/heads/dev", "❌ web failed after"),
    ] {
        let stage = Stage::table().await;
        let [before, first] = of_branch(branch);
        let _proxy = with_history(&stage, &[&own, &before, &first]).await;
        stage.answer(&push).await;
        let text = stage.message().text;
        assert!(text.starts_with(expected), "{branch}: {text}");
    }
}

#[tokio::test]
async fn codebuild_is_not_asked_for_an_end_that_nobody_will_see() {
    for statuses in ["FAILED", "IN_PROGRESS"] {
        let stage = Stage::table().await;
        let proxy = with_history(&stage, &["127 FAILED main"]).await;
        let function = stage
            .with_table()
            .variable("COMPARE_WITH_PREVIOUS", "true")
            .variable("AWS_ENDPOINT_URL", proxy.endpoint())
            .variable("NOTIFY_STATUSES", statuses);
        stage.emulator.deploy(function);
        assert_eq!(
            stage.answer(&event("succeeded")).await,
            json!({"skipped": "status"})
        );
        let asked: Vec<_> = proxy
            .seen()
            .into_iter()
            .filter_map(|asked| asked.action)
            .collect();
        assert!(
            !asked.iter().any(|action| action.contains("CodeBuild_20161006")),
            "{asked:?}"
        );
        // A start that comes late has to find that it is late; where none is told, there is nothing to remember.
        assert_eq!(stage.items().await.len(), usize::from(statuses == "IN_PROGRESS"));
    }
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
