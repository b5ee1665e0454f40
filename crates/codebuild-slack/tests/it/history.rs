//! The comparison with previous builds, through CodeBuild's API.

use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};

use crate::setup::{Setup, event, short_lived};

/// Lets CodeBuild's API return builds, newest first, each written as `number status version [exported head ref]`.
async fn with_history(setup: &Setup, builds: &[&str]) -> FaultProxy {
    let builds = builds.iter().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let head_ref = words.get(3);
        let exported = head_ref.map(|value| json!({"name": "CODEBUILD_WEBHOOK_HEAD_REF", "value": value}));
        json!({"id": format!("web:{}", words[0]), "exportedEnvironmentVariables": Vec::from_iter(exported),
            "buildNumber": words[0].parse::<i64>().unwrap_or(128), "buildStatus": words[1],
            "sourceVersion": words[2], "startTime": 1_793_494_000.0,
            "environment": environment(&[("A", "hunter2")])})
    });
    with_builds(setup, builds.collect()).await
}

fn environment(variables: &[(&str, &str)]) -> Value {
    let variables = variables
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value, "type": "PLAINTEXT"}));
    json!({"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": Vec::from_iter(variables)})
}

/// Lets CodeBuild's API return these builds.
async fn with_builds(setup: &Setup, builds: Vec<Value>) -> FaultProxy {
    let proxy = FaultProxy::start(setup.moto().endpoint()).await.unwrap();
    let function = setup.table_function().variable("COMPARE_WITH_PREVIOUS", "true");
    setup
        .emulator
        .deploy(function.variable("AWS_ENDPOINT_URL", proxy.endpoint()));
    let ids: Vec<&Value> = builds.iter().map(|build| &build["id"]).collect();
    for (operation, response) in [
        ("ListBuildsForProject", json!({"ids": ids, "nextToken": "more"})),
        ("BatchGetBuilds", json!({"builds": builds})),
    ] {
        let request = Match::containing(&format!("CodeBuild_20161006.{operation}"));
        let response = Fault::respond(200, response.to_string());
        proxy.faults.inject(request, response, 10);
    }
    proxy
}

#[tokio::test]
async fn a_build_that_still_fails_has_the_number_of_failures() {
    let setup = Setup::table().await;
    let proxy = with_history(
        &setup,
        &[
            "8745a7a9-c340-456a-9166-edf953571b01 FAILED main",
            "127 FAILED main",
            "126 SUCCEEDED dev",
            "125 TIMED_OUT main",
            "124 SUCCEEDED main",
        ],
    )
    .await;
    setup.response(&event("failed")).await;
    let text = setup.message().text;
    assert!(
        text.starts_with("❌ web failed · still failing (3rd time)"),
        "{text}"
    );
    let actions: Vec<_> = proxy
        .faults
        .seen()
        .into_iter()
        .filter_map(|request| request.action)
        .collect();
    assert!(
        actions
            .iter()
            .any(|action| action.ends_with("ListBuildsForProject")),
        "{actions:?}"
    );
}

#[tokio::test]
async fn a_fixed_build_has_the_number_of_failures() {
    let setup = Setup::table().await;
    let _proxy = with_history(
        &setup,
        &[
            "8745a7a9-c340-456a-9166-edf953571b02 SUCCEEDED main",
            "128 FAILED main",
            "127 FAILED refs/heads/main",
            "126 SUCCEEDED main",
        ],
    )
    .await;
    setup.response(&event("succeeded")).await;
    let text = setup.message().text;
    assert!(
        text.starts_with("🎉 web succeeded · fixed after 2 failures"),
        "{text}"
    );
}

#[tokio::test]
async fn a_push_is_compared_with_pushes_to_the_same_exported_branch() {
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
        let setup = Setup::table().await;
        let [before, first] = of_branch(branch);
        let _proxy = with_history(&setup, &[&own, &before, &first]).await;
        setup.response(&push).await;
        let text = setup.message().text;
        assert!(text.starts_with(expected), "{branch}: {text}");
        assert!(text.contains(" · main "), "its own branch is known: {text}");
    }
}

/// Invokes the function with `case`, a success after a failure. `own` and `before` are the fields that differ.
async fn text_after_a_failure(case: &str, own: Value, before: Value) -> String {
    let event = event(case);
    let id = event["detail"]["build-id"].as_str().unwrap();
    let number = event["detail"]["additional-information"]["build-number"]
        .as_f64()
        .unwrap() as i64;
    let record = |id: &str, number: i64, status: &str, more: Value| {
        let mut build = json!({"id": id, "buildNumber": number, "buildStatus": status, "startTime": 1_793_494_000.0,
            "sourceVersion": "main", "initiator": event["detail"]["additional-information"]["initiator"]});
        build
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        build
    };
    let builds = vec![
        record(id.rsplit('/').next().unwrap(), number, "SUCCEEDED", own),
        record("web:before", number - 1, "FAILED", before.clone()),
        record("web:first", number - 2, "SUCCEEDED", before),
    ];
    let setup = Setup::table().await;
    let _proxy = with_builds(&setup, builds).await;
    setup.response(&event).await;
    setup.message().text
}

const FIXED: &str = "🎉 web succeeded · fixed after 1 failure";
const SUCCEEDED: &str = "✅ web succeeded";

#[tokio::test]
async fn members_of_a_batch_are_compared_by_their_identifier() {
    let arn = |number: u8| format!("arn:aws:codebuild:ap-northeast-2:123456789012:build-batch/web:{number}");
    let member = |batch: u8, identifier: &str| {
        json!({"buildBatchArn": arn(batch),
            "environment": environment(&[("CODEBUILD_BATCH_BUILD_IDENTIFIER", identifier)])})
    };
    let check = async |own: Value, before: Value, expected: &str| {
        let text = text_after_a_failure("batch-member", own, before).await;
        let expected = expected.replace("web", "web (node20)");
        assert!(text.starts_with(&expected), "{text}");
    };
    futures_util::join!(
        check(member(1, "node20"), member(1, "node18"), SUCCEEDED),
        check(member(2, "node20"), member(1, "node20"), FIXED),
        check(
            json!({"buildBatchArn": arn(1)}),
            json!({"buildBatchArn": arn(1)}),
            SUCCEEDED
        ),
    );
}

#[tokio::test]
async fn actions_of_a_pipeline_are_compared_by_their_variables() {
    let action = |stage: &str, execution: u8| {
        let execution = format!("8745a7a9-0000-4000-8000-{execution:012}");
        json!({"environment": environment(&[("STAGE", stage), ("EXECUTION", &execution)])})
    };
    let check = async |before: Value, expected: &str| {
        let text = text_after_a_failure("pipeline-action", action("dev", 2), before).await;
        assert!(text.starts_with(expected), "{text}");
    };
    futures_util::join!(
        check(action("prod", 1), SUCCEEDED),
        check(action("dev", 1), FIXED)
    );
}

#[tokio::test]
async fn builds_of_several_repositories_are_not_compared() {
    let source = |repository: &str| {
        json!({"environment": environment(&[]),
            "source": {"type": "GITHUB", "location": format!("https://github.com/acme/{repository}.git")}})
    };
    let check = async |before: &str, expected: &str| {
        let text = text_after_a_failure("succeeded", source("web"), source(before)).await;
        assert!(text.starts_with(expected), "{text}");
    };
    futures_util::join!(check("api", SUCCEEDED), check("web", FIXED));
}

#[tokio::test]
async fn a_bare_commit_needs_one_page_of_builds() {
    let setup = Setup::table().await;
    let push = event("push-webhook");
    let own = push["detail"]["build-id"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let builds = vec![json!({"id": own, "buildNumber": 128, "buildStatus": "FAILED",
        "sourceVersion": push["detail"]["additional-information"]["source-version"],
        "environment": environment(&[])})];
    let proxy = with_builds(&setup, builds).await;
    setup.response(&push).await;
    let seen = proxy.faults.seen();
    let lists = seen.iter().filter(|request| {
        request
            .action
            .as_ref()
            .is_some_and(|action| action.ends_with("ListBuildsForProject"))
    });
    assert_eq!(lists.count(), 1);
}

#[tokio::test]
async fn codebuild_is_not_called_for_a_build_without_a_message() {
    for statuses in ["FAILED", "IN_PROGRESS"] {
        let setup = Setup::table().await;
        let proxy = with_history(&setup, &["127 FAILED main"]).await;
        let function = setup
            .table_function()
            .variable("COMPARE_WITH_PREVIOUS", "true")
            .variable("AWS_ENDPOINT_URL", proxy.endpoint())
            .variable("NOTIFY_STATUSES", statuses);
        setup.emulator.deploy(function);
        assert_eq!(
            setup.response(&event("succeeded")).await,
            json!({"skipped": "status"})
        );
        let actions: Vec<_> = proxy
            .faults
            .seen()
            .into_iter()
            .filter_map(|request| request.action)
            .collect();
        assert!(
            !actions.iter().any(|action| action.contains("CodeBuild_20161006")),
            "{actions:?}"
        );
        // A late start must find that it is stale. If starts are not notified, no record is needed.
        assert_eq!(setup.items().await.len(), usize::from(statuses == "IN_PROGRESS"));
    }
}

#[tokio::test]
async fn the_message_has_no_verdict_if_codebuild_does_not_respond() {
    let check = async |fault: Fault| {
        let setup = Setup::table().await;
        let proxy = FaultProxy::start(setup.moto().endpoint()).await.unwrap();
        let function = setup.table_function().variable("COMPARE_WITH_PREVIOUS", "true");
        setup.emulator.deploy(short_lived(
            function.variable("AWS_ENDPOINT_URL", proxy.endpoint()),
        ));
        proxy
            .faults
            .inject(Match::containing("CodeBuild_20161006"), fault, usize::MAX);
        setup.response(&event("failed")).await;
        assert!(
            setup.message().text.starts_with("❌ web failed after"),
            "{:?}",
            setup.message()
        );
        assert!(
            setup.logs().contains("without a comparison with previous builds"),
            "{}",
            setup.logs()
        );
        proxy.faults.clear();
    };
    let denied = Fault::respond(400, r#"{"__type":"AccessDeniedException"}"#.to_owned());
    futures_util::join!(check(denied), check(Fault::Hold));
}

#[tokio::test]
async fn reads_the_responses_of_motos_codebuild() {
    let setup = Setup::table().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("COMPARE_WITH_PREVIOUS", "true"));
    let call = async |operation: &str, body: Value| {
        setup
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
    setup.response(&event("failed")).await;
    assert!(!setup.logs().contains("without a comparison"), "{}", setup.logs());
}

/// Posts a failed build of `main` after `builds`, with a route for its first failures in the channel `alerts`.
async fn response_of_a_route(branch: &str, builds: &[&str]) -> Value {
    let setup = Setup::table().await;
    let own = format!("8745a7a9-c340-456a-9166-edf953571b01 FAILED {branch}");
    let proxy = with_history(&setup, &[&[own.as_str()], builds].concat()).await;
    if builds.is_empty() {
        let denied = Fault::respond(400, r#"{"__type":"AccessDeniedException"}"#);
        proxy.faults.clear();
        proxy
            .faults
            .inject(Match::containing("CodeBuild_20161006"), denied, usize::MAX);
    }
    let routes = r##"[{"project": "web", "branch": "ma*", "when": ["broken"], "channel": "#alerts"}]"##;
    let function = setup.table_function().variable("COMPARE_WITH_PREVIOUS", "true");
    setup.emulator.deploy(
        function
            .variable("AWS_ENDPOINT_URL", proxy.endpoint())
            .variable("SLACK_ROUTES", routes),
    );
    let mut failed = event("failed");
    failed["detail"]["additional-information"]["source-version"] = json!(branch);
    setup.response(&failed).await
}

#[tokio::test]
async fn a_route_alerts_at_the_first_failure_of_a_branch_and_never_hides_an_unknown_one() {
    let check = async |branch: &str, builds: &[&str], expected: Value| {
        let mut response = response_of_a_route(branch, builds).await;
        if let Some(posted) = response.get_mut("posted") {
            posted["ts"].take();
        }
        assert_eq!(response, expected, "{branch} {builds:?}");
    };
    let posted = || json!({"posted": {"channel": "C0ALERTS", "ts": null}});
    futures_util::join!(
        check("main", &["127 SUCCEEDED main"], posted()),
        check(
            "main",
            &["127 FAILED main", "126 SUCCEEDED main"],
            json!({"skipped": "when"})
        ),
        check("main", &[], posted()),
        check("dev", &["127 SUCCEEDED dev"], json!({"skipped": "route"})),
    );
}
