//! `{"reconcile":true}`: messages whose last event never came.

use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};

use crate::setup::{self, Setup, event, of_build, reconcile};

fn operation(name: &str) -> Match {
    Match::containing(&format!("CodeBuild_20161006.{name}"))
}

/// Lets CodeBuild's API return these builds for every request.
async fn with_builds(setup: &Setup, builds: Value) -> FaultProxy {
    with_builds_and_routes(setup, builds, r#"[{"project": "*"}]"#).await
}

async fn with_builds_and_routes(setup: &Setup, builds: Value, routes: &str) -> FaultProxy {
    let proxy = FaultProxy::start(setup.moto().endpoint()).await.unwrap();
    let function = setup.table_function().variable("SLACK_ROUTES", routes);
    setup
        .emulator
        .deploy(function.variable("AWS_ENDPOINT_URL_CODEBUILD", proxy.endpoint()));
    let response = Fault::respond(200, json!({"builds": builds}).to_string());
    proxy
        .faults
        .inject(operation("BatchGetBuilds"), response, usize::MAX);
    proxy
}

/// Returns the build of an event, as CodeBuild's API describes it.
fn described(event: &Value, status: &str) -> Value {
    let arn = event["detail"]["build-id"].as_str().unwrap();
    json!({"id": arn.rsplit('/').next(), "arn": arn, "projectName": event["detail"]["project-name"],
        "buildStatus": status, "buildNumber": 128, "startTime": 1_793_494_923.0, "endTime": 1_793_495_057.0,
        "sourceVersion": "main", "initiator": "Developer/alice",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/web.git"},
        "environment": {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "DEPLOY_TOKEN", "value": "hunter2", "type": "PLAINTEXT"}]},
        "phases": [{"phaseType": "BUILD", "phaseStatus": status, "durationInSeconds": 63,
            "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "deploy hunter2: exit status 7"}]}]})
}

/// Makes the record of the event's build older.
async fn age(setup: &Setup, event: &Value, minutes: u64) {
    setup::age(setup, event["detail"]["build-id"].as_str().unwrap(), minutes).await;
}

#[tokio::test]
async fn a_message_without_an_end_is_completed_from_codebuilds_record() {
    let setup = Setup::table().await;
    let started = event("in-progress");
    let proxy = with_builds(&setup, json!([described(&started, "FAILED")])).await;
    setup.response(&started).await;
    let none = json!({"unfinished": 0, "completed": 0, "running": 0, "left": 0});
    age(&setup, &started, 29).await;
    assert_eq!(reconcile(&setup).await, none, "its last event may still come");
    assert_eq!(proxy.faults.count(&operation("BatchGetBuilds")), 0);

    age(&setup, &started, 31).await;
    let one = json!({"unfinished": 1, "completed": 1, "running": 0, "left": 0});
    assert_eq!(reconcile(&setup).await, one);
    let message = setup.message();
    assert!(
        message.text.starts_with(
            "❌ web failed after 2 min 14 s · main · BUILD: COMMAND_EXECUTION_ERROR: deploy ***"
        ),
        "{message:?}"
    );
    assert!(!message.blocks.to_string().contains("hunter2"));
    age(&setup, &started, 31).await;
    assert_eq!(reconcile(&setup).await, none, "it is complete");
    // The late event changes nothing.
    let mut late = event("failed");
    late["detail"]["build-id"] = started["detail"]["build-id"].clone();
    assert_eq!(setup.response(&late).await, json!({"skipped": "duplicate"}));
}

#[tokio::test]
async fn a_running_build_is_left_and_an_unknown_one_gets_an_end() {
    let setup = Setup::table().await;
    let running = of_build(event("in-progress"), "web", "1");
    let deleted = of_build(event("in-progress"), "web", "2");
    let _proxy = with_builds(&setup, json!([described(&running, "IN_PROGRESS")])).await;
    for event in [&running, &deleted] {
        setup.response(event).await;
        age(&setup, event, 31).await;
    }
    let found = json!({"unfinished": 2, "completed": 1, "running": 1, "left": 0});
    assert_eq!(reconcile(&setup).await, found);
    let texts: Vec<String> = setup
        .slack
        .messages()
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert!(texts[0].starts_with("🔄 web in progress"), "{texts:?}");
    assert_eq!(texts[1], "❔ web ended with an unknown result");
}

#[tokio::test]
async fn an_end_that_was_recorded_and_never_posted_is_posted() {
    let setup = Setup::table().await;
    let failed = event("failed");
    let _proxy = with_builds(&setup, json!([described(&failed, "FAILED")])).await;
    setup
        .slack
        .faults
        .inject(Match::any(), Fault::respond(403, "no"), usize::MAX);
    setup.error(&failed).await;
    setup.slack.faults.clear();
    age(&setup, &failed, 31).await;
    assert_eq!(reconcile(&setup).await["completed"], 1);
    assert!(setup.message().text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn one_failure_does_not_keep_the_others_from_their_end() {
    let setup = Setup::table().await;
    let builds: Vec<Value> = (1..=3)
        .map(|number| of_build(event("in-progress"), "web", &number.to_string()))
        .collect();
    let described = builds.iter().map(|build| described(build, "SUCCEEDED"));
    let _proxy = with_builds(&setup, described.collect()).await;
    for build in &builds {
        setup.response(build).await;
        age(&setup, build, 31).await;
    }
    let refusal = json!({"ok": false, "error": "channel_not_found"}).to_string();
    setup
        .slack
        .faults
        .inject(Match::any(), Fault::respond(200, refusal), 1);
    let (kind, message) = setup.error(&json!({"reconcile": true})).await;
    assert_eq!(kind, "MessageNotPosted");
    assert!(message.contains("1 messages could not be completed"), "{message}");
    let ended = |setup: &Setup| {
        let messages = setup.slack.messages();
        messages
            .iter()
            .filter(|message| message.text.starts_with("✅"))
            .count()
    };
    assert_eq!(ended(&setup), 2);
    for build in &builds {
        age(&setup, build, 31).await;
    }
    assert_eq!(reconcile(&setup).await["completed"], 1);
    assert_eq!(ended(&setup), 3);
}

#[tokio::test]
async fn builds_of_another_account_are_left_to_their_events() {
    let setup = Setup::table().await;
    let mut other = event("in-progress");
    other["detail"]["build-id"] = json!("arn:aws:codebuild:ap-northeast-2:999999999999:build/web:1");
    let proxy = with_builds(&setup, json!([])).await;
    setup.response(&other).await;
    age(&setup, &other, 31).await;
    assert_eq!(reconcile(&setup).await["unfinished"], 0);
    assert_eq!(proxy.faults.count(&operation("BatchGetBuilds")), 0);
    assert!(setup.message().text.starts_with("🔄 web in progress"));
}

#[tokio::test]
async fn needs_a_table_with_its_index_and_the_permission() {
    let setup = Setup::bot().await;
    let (_, message) = setup.error(&json!({"reconcile": true})).await;
    assert!(message.contains("needs MESSAGES_TABLE"), "{message}");

    let setup = Setup::table().await;
    let started = event("in-progress");
    let proxy = with_builds(&setup, json!([])).await;
    proxy.faults.clear();
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    proxy.faults.inject(
        operation("BatchGetBuilds"),
        Fault::respond(400, denied),
        usize::MAX,
    );
    setup.response(&started).await;
    age(&setup, &started, 31).await;
    let (_, message) = setup.error(&json!({"reconcile": true})).await;
    assert!(message.contains("codebuild:BatchGetBuilds"), "{message}");
    assert!(
        setup.message().text.starts_with("🔄"),
        "nothing is known about its end"
    );

    let table = json!({"TableName": "without-index", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "build_id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "build_id", "AttributeType": "S"}]});
    let created = setup
        .moto()
        .json("dynamodb", "DynamoDB_20120810.CreateTable", &table);
    created.await.unwrap();
    let function = setup.table_function().variable("MESSAGES_TABLE", "without-index");
    setup.emulator.deploy(function);
    let (_, message) = setup.error(&json!({"reconcile": true})).await;
    assert!(
        message.contains("the index unfinished of the table without-index (dynamodb:Query)"),
        "{message}"
    );
}

#[tokio::test]
async fn a_reply_that_was_recorded_and_never_posted_is_posted() {
    let setup = Setup::table().await;
    let failed = event("failed");
    let routes = r#"[{"project": "web", "thread": true}]"#;
    let builds = json!([described(&failed, "FAILED")]);
    let _proxy = with_builds_and_routes(&setup, builds, routes).await;
    let rejection = Fault::respond(200, r#"{"ok":false,"error":"fatal_thread"}"#);
    let faults = &setup.slack.faults;
    faults.inject(Match::containing("thread_ts"), rejection, 1);
    setup.error(&failed).await;
    assert_eq!(setup.slack.messages().len(), 1);
    // No retry reaches the function.
    age(&setup, &failed, 31).await;
    let one = json!({"unfinished": 1, "completed": 1, "running": 0, "left": 0});
    assert_eq!(reconcile(&setup).await, one);
    let messages = setup.slack.messages();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[1].thread.as_ref(), Some(&messages[0].ts));
    age(&setup, &failed, 31).await;
    assert_eq!(reconcile(&setup).await["unfinished"], 0);
}
